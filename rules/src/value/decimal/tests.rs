//! Decimal arithmetic against exact rationals and against identities on pseudo-random numbers.

use super::{COEFFICIENT_END, Decimal};
use proptest::prelude::*;
use std::cmp::Ordering;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect(text)
}

#[test]
fn numbers_print_as_they_read() {
    for (text, printed) in [
        ("0", "0"),
        ("-0.00", "0"),
        ("007", "7"),
        ("21.5", "21.5"),
        ("-10.50", "-10.5"),
        ("5E-3", "0.005"),
        ("1e3", "1000"),
        ("1E-10", "0.0000000001"),
        ("1E-11", "1E-11"),
        ("-1.25E-40", "-1.25E-40"),
        ("1E33", "1000000000000000000000000000000000"),
        ("1.5E34", "1.5E34"),
        ("9.99E999", "9.99E999"),
        ("1E-1000", "0"),
        ("1234567890123456789012345678901234", "1234567890123456789012345678901234"),
        ("0.1234567890123456789012345678901234", "0.1234567890123456789012345678901234"),
    ] {
        assert_eq!(decimal(text).to_string(), printed, "{text}");
        assert_eq!(decimal(printed), decimal(text), "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in
        ["", "-", ".5", "5.", "1e", "1e+", "+1", "1 ", "1E1000", "0x1", "1.2.3", "NaN", "１"]
    {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn digits_beyond_34_round_half_to_even() {
    for (text, expected) in [
        ("12345678901234567890123456789012345", "1.234567890123456789012345678901234E34"),
        ("12345678901234567890123456789012355", "1.234567890123456789012345678901236E34"),
        ("12345678901234567890123456789012345.0001", "1.234567890123456789012345678901235E34"),
        ("99999999999999999999999999999999999", "1E35"),
        (
            "12345678901234567890123456789012345000000000000",
            "1.234567890123456789012345678901234E46",
        ),
        (
            "1234567890123456789012345678901234500000000001",
            "1.234567890123456789012345678901235E45",
        ),
    ] {
        assert_eq!(decimal(text), decimal(expected), "{text}");
    }
}

#[test]
fn operations_are_exact_or_correctly_rounded() {
    type Operation = fn(Decimal, Decimal) -> Option<Decimal>;
    let cases: [(&str, Operation, &str, &str); 20] = [
        ("0.1", Decimal::checked_add, "0.2", "0.3"),
        ("1E33", Decimal::checked_add, "0.5", "1E33"),
        ("1E33", Decimal::checked_add, "1.5", "1000000000000000000000000000000002"),
        ("1E33", Decimal::checked_sub, "0.1", "999999999999999999999999999999999.9"),
        ("1E40", Decimal::checked_sub, "1E-40", "1E40"),
        ("9999999999999999999999999999999999", Decimal::checked_add, "1", "1E34"),
        ("1E500", Decimal::checked_add, "-1E500", "0"),
        ("1.5", Decimal::checked_mul, "-2", "-3"),
        ("1E-999", Decimal::checked_mul, "0.1", "0"),
        (
            "9999999999999999999999999999999999",
            Decimal::checked_mul,
            "9999999999999999999999999999999999",
            "9.999999999999999999999999999999998E67",
        ),
        (
            "1234567890123456789012345678901234",
            Decimal::checked_mul,
            "9876543210987654321098765432109876",
            "1.219326311370217952261850327338667E67",
        ),
        ("1", Decimal::checked_div, "3", "0.3333333333333333333333333333333333"),
        ("2", Decimal::checked_div, "3", "0.6666666666666666666666666666666667"),
        ("215", Decimal::checked_div, "9", "23.88888888888888888888888888888889"),
        ("-1", Decimal::checked_div, "8", "-0.125"),
        ("8.5", Decimal::checked_rem, "3", "2.5"),
        ("-8.5", Decimal::checked_rem, "3", "-2.5"),
        ("1E30", Decimal::checked_rem, "7", "1"),
        ("0.1", Decimal::checked_rem, "1E20", "0.1"),
        ("12345.678", Decimal::checked_rem, "1E2", "45.678"),
    ];
    for (at, (left, operation, right, expected)) in cases.into_iter().enumerate() {
        let result = operation(decimal(left), decimal(right));
        assert_eq!(result, Some(decimal(expected)), "case {at}: {left}, {right}");
    }
    assert_eq!(decimal("1").checked_div(Decimal::ZERO), None);
    assert_eq!(decimal("1").checked_rem(Decimal::ZERO), None);
    assert_eq!(decimal("9E999").checked_add(decimal("9E999")), None);
    assert_eq!(decimal("9E999").checked_mul(decimal("10")), None);
}

#[test]
fn order_is_that_of_the_numbers() {
    let ascending = ["-1E20", "-10", "-9.5", "-1E-9", "0", "1E-999", "0.5", "0.51", "5", "1E999"];
    for (i, left) in ascending.iter().enumerate() {
        for (j, right) in ascending.iter().enumerate() {
            assert_eq!(decimal(left).cmp(&decimal(right)), i.cmp(&j), "{left} and {right}");
        }
    }
}

#[test]
fn rounding_goes_where_its_name_says() {
    for (text, floor, round, two_places) in [
        ("2.888", "2", "3", "2.88"),
        ("-2.888", "-3", "-3", "-2.88"),
        ("2.5", "2", "3", "2.5"),
        ("-2.5", "-3", "-3", "-2.5"),
        ("-0.004", "-1", "0", "0"),
        ("0.4999999999999999999999999999999999", "0", "0", "0.49"),
        ("1E50", "1E50", "1E50", "1E50"),
        ("-1E-50", "-1", "0", "0"),
    ] {
        let number = decimal(text);
        assert_eq!(number.floor(), decimal(floor), "{text}");
        assert_eq!(number.round(), decimal(round), "{text}");
        assert_eq!(number.trunc(2), decimal(two_places), "{text}");
    }
}

#[test]
fn floats_survive_the_way_in_and_out() {
    for value in [0.0, 0.1, -21.5, 1e22, 1e23, 5e-324, f64::MAX, 1.0 / 3.0, 123_456.789e-12] {
        let decimal = Decimal::from_f64(value).expect("finite");
        assert_eq!(decimal.to_f64(), value);
    }
    assert_eq!(Decimal::from_f64(f64::NAN), None);
    assert_eq!(Decimal::from_f64(f64::INFINITY), None);
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let coefficient = prop_oneof![
        -1_000_i128..1_000,
        (1 - COEFFICIENT_END)..COEFFICIENT_END,
        (0_u32..34).prop_map(|digits| 10_i128.pow(digits) - 1),
    ];
    (coefficient, -40..40_i32).prop_map(|(c, e)| Decimal::new(c, e).expect("in range"))
}

proptest! {
    #[test]
    fn sums_and_products_commute(a in any_decimal(), b in any_decimal()) {
        prop_assert_eq!(a.checked_add(b), b.checked_add(a));
        prop_assert_eq!(a.checked_mul(b), b.checked_mul(a));
        prop_assert_eq!(a.checked_sub(b), b.checked_sub(a).map(Decimal::negated));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }

    #[test]
    fn small_numbers_agree_with_integers(a in -100_000_i128..100_000, b in 1_i128..100_000) {
        let (x, y) = (Decimal::new(a, -3).expect("small"), Decimal::new(b, -3).expect("small"));
        prop_assert_eq!(x.checked_add(y), Decimal::new(a + b, -3));
        prop_assert_eq!(x.checked_mul(y), Decimal::new(a * b, -6));
        prop_assert_eq!(x.checked_rem(y), Decimal::new(a % b, -3));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.floor().to_int(), Some(a.div_euclid(1_000)));
    }

    #[test]
    fn a_quotient_times_its_divisor_is_within_one_unit(a in any_decimal(), b in any_decimal()) {
        prop_assume!(b != Decimal::ZERO && a != Decimal::ZERO);
        let quotient = a.checked_div(b).expect("in range");
        let error = quotient.checked_mul(b).and_then(|back| back.checked_sub(a)).expect("in range");
        let unit = a.checked_mul(Decimal::new(2, -33).expect("small")).expect("in range");
        prop_assert!(error.magnitude_cmp(unit) != Ordering::Greater, "{} {}", a, b);
    }

    #[test]
    fn a_sum_minus_an_addend_is_within_one_unit_of_the_larger(
        a in any_decimal(),
        b in any_decimal(),
    ) {
        let sum = a.checked_add(b).expect("in range");
        let error = sum.checked_sub(a).and_then(|rest| rest.checked_sub(b)).expect("in range");
        let larger = if a.magnitude_cmp(b) == Ordering::Less { b } else { a };
        let unit = larger.checked_mul(Decimal::new(2, -33).expect("small")).expect("in range");
        prop_assert!(error.magnitude_cmp(unit) != Ordering::Greater, "{} {}", a, b);
    }

    #[test]
    fn every_number_reads_back_from_its_text(a in any_decimal()) {
        prop_assert_eq!(Decimal::parse(&a.to_string()), Some(a));
        let float: f64 = a.to_string().parse().expect("a number");
        prop_assert_eq!(a.to_f64(), float);
    }
}
