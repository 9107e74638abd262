//! Labels are read as spans and as moments, and what is wrong with them is said with its place.

use super::*;

fn read(text: &str) -> Result<(TimeKind, Labels), TablesError> {
    Reading { name: "labels.csv".to_owned() }.labels(text.as_bytes())
}

#[test]
fn spans_and_moments_are_read() {
    let (kind, labels) = read("device,start,end\np1,2020-01-01,2020-01-02 00:00\n").unwrap();
    assert_eq!(kind, TimeKind::Naive);
    let start = 1_577_836_800_000_000;
    let end = start + 86_400_000_000;
    let span = LabelSpan { device: Some("p1".to_owned()), start, end };
    assert_eq!(labels, Labels::Spans(vec![span]));
    let (kind, labels) = read("time;label\n5;0\n6;1.0\n7;Anomaly\n8;normal\n").unwrap();
    assert_eq!(kind, TimeKind::Epoch(crate::source::EpochUnit::Second));
    let Labels::Points(points) = labels else { panic!("moments") };
    assert_eq!(points[1], LabelPoint { device: None, time: 6_000_000, anomalous: true });
    let anomalous: Vec<bool> = points.iter().map(|point| point.anomalous).collect();
    assert_eq!(anomalous, [false, true, true, false]);
    assert_eq!(read("start,end\n").unwrap().1, Labels::Spans(Vec::new()));
}

#[test]
fn spans_without_a_header_are_read_from_the_first_line_on() {
    let with = read("start,end\n3/24/2022 8:00,3/25/2022 12:00\n3/29/2022 5:00,3/30/2022 0:00\n");
    let without = read("3/24/2022 8:00,3/25/2022 12:00\n3/29/2022 5:00,3/30/2022 0:00\n");
    assert_eq!(with.unwrap(), without.unwrap());
    let wrong = read("2020-01-02,2020-01-01\n").unwrap_err().to_string();
    assert!(wrong.contains("row 1 column `end`: the span ends before it starts"), "{wrong}");
}

#[test]
fn wrong_labels_are_told_with_their_place() {
    let message = |text: &str| read(text).unwrap_err().to_string();
    assert!(message("").contains("labels.csv: the file is empty; expected a header"));
    assert!(message("start,end\n2020-01-02,2020-01-01\n").contains("row 1 column `end`"));
    let bad = message("start,end\n2020-01-01,2020-01-02\n2020-01-03,soon\n");
    assert!(bad.contains("row 2 column `end`: `soon` is no time; expected RFC 3339"), "{bad}");
    let bad = message("begin,end\n1,2\n");
    assert!(bad.contains("the columns are begin, end"), "{bad}");
    let bad = message("time,label\n1,0\n2,maybe\n");
    assert!(bad.contains("row 2 column `label`: `maybe` is no label"), "{bad}");
    assert!(message("time,label\n1,-1\n").contains("`-1` is no label"));
    assert!(message("time,label\n1,\n").contains("row 1 column `label`: there is no label"));
    assert!(message("start,end\n1\n").contains("row 1: the row has 1 cells; expected 2"));
}
