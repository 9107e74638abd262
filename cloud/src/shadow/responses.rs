//! What the shadow service answers, as JSON.
//!
//! # Source
//! AWS IoT Core developer guide, "Shadow documents": the examples of each response document.

use super::document::{Document, Section, write_array, write_int, write_members, write_time};
use super::request::{Patch, ShadowError, UpdateRequest};
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::value::{Object, Value};

/// A response document; its time is that of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Response<'a> {
    /// `update/accepted`: the request's own sections and keys.
    UpdateAccepted { request: &'a UpdateRequest, version: u64 },
    /// `update/delta`: what desired and reported differ in.
    Delta { delta: &'a Section, version: u64 },
    /// `update/documents`: the whole shadow before and after.
    Documents { previous: Option<&'a Document>, current: &'a Document },
    /// `get/accepted`: the whole shadow.
    GetAccepted(&'a Document),
    /// `delete/accepted`.
    DeleteAccepted { version: u64 },
    /// Any `rejected`.
    Rejected { error: ShadowError, thing: &'a str },
}

impl Response<'_> {
    /// Appends the response.
    pub(crate) fn write(&self, now: Timestamp, client_token: Option<&str>, out: &mut Vec<u8>) {
        let now_s = now.seconds();
        match self {
            Self::UpdateAccepted { request, version } => {
                out.extend_from_slice(b"{\"state\":");
                write_request_state(request, out);
                out.extend_from_slice(b",\"metadata\":");
                write_request_metadata(request, now_s, out);
                write_version(*version, out);
                write_timestamp(now_s, out);
            }
            Self::Delta { delta, version } => {
                out.extend_from_slice(b"{\"version\":");
                write_int(*version, out);
                write_timestamp(now_s, out);
                out.extend_from_slice(b",\"state\":");
                delta.write_state(out);
                out.extend_from_slice(b",\"metadata\":");
                delta.write_metadata(out);
            }
            Self::Documents { previous, current } => {
                out.extend_from_slice(b"{\"previous\":");
                match previous {
                    Some(previous) => write_whole(previous, out),
                    None => out.extend_from_slice(b"null"),
                }
                out.extend_from_slice(b",\"current\":");
                write_whole(current, out);
                write_timestamp(now_s, out);
            }
            Self::GetAccepted(document) => {
                out.extend_from_slice(b"{\"state\":");
                document.write_state(Some(&document.delta()), out);
                out.extend_from_slice(b",\"metadata\":");
                document.write_metadata(out);
                write_version(document.version, out);
                write_timestamp(now_s, out);
            }
            Self::DeleteAccepted { version } => {
                out.extend_from_slice(b"{\"version\":");
                write_int(*version, out);
                write_timestamp(now_s, out);
            }
            Self::Rejected { error, thing } => {
                out.extend_from_slice(b"{\"code\":");
                write_int(error.code(), out);
                out.extend_from_slice(b",\"message\":");
                Value::from(error.message(thing)).write_json(out);
                write_timestamp(now_s, out);
            }
        }
        if let Some(token) = client_token {
            out.extend_from_slice(b",\"clientToken\":");
            Value::from(token).write_json(out);
        }
        out.push(b'}');
    }
}

fn write_version(version: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"version\":");
    write_int(version, out);
}

fn write_timestamp(now_s: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"timestamp\":");
    write_int(now_s, out);
}

/// A side of `documents`: state, metadata and version.
fn write_whole(document: &Document, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"state\":");
    document.write_state(None, out);
    out.extend_from_slice(b",\"metadata\":");
    document.write_metadata(out);
    write_version(document.version, out);
    out.push(b'}');
}

fn named_patches(request: &UpdateRequest) -> [(&'static str, &Patch); 2] {
    [("desired", &request.desired), ("reported", &request.reported)]
}

fn write_request_state(request: &UpdateRequest, out: &mut Vec<u8>) {
    if request.state_is_null {
        out.extend_from_slice(b"null");
        return;
    }
    let named = named_patches(request).into_iter().filter(|(_, patch)| **patch != Patch::Absent);
    write_members(named, out, |patch, out| {
        patch.write(out);
    });
}

/// The times of the request's leaves: each is now.
fn write_request_metadata(request: &UpdateRequest, now_s: i64, out: &mut Vec<u8>) {
    let objects = named_patches(request).into_iter().filter_map(|(name, patch)| match patch {
        Patch::Merge(object) => Some((name, object)),
        Patch::Absent | Patch::Clear => None,
    });
    write_members(objects, out, |object, out| write_object_times(object, now_s, out));
}

fn write_object_times(object: &Object, now_s: i64, out: &mut Vec<u8>) {
    let written = object.iter().filter(|(_, value)| **value != Value::Null);
    write_members(written, out, |value, out| write_value_times(value, now_s, out));
}

fn write_value_times(value: &Value, now_s: i64, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) => write_object_times(object, now_s, out),
        Value::Array(elements) => {
            write_array(elements, out, |element, out| write_value_times(element, now_s, out));
        }
        _ => write_time(now_s, out),
    }
}
