//! Rounding to hundredths as Python's `round(x, 2)` does.

/// From here on neighbouring floats lie more than a hundredth apart.
const WHOLE: f64 = (1u64 << 46) as f64;

/// `x` rounded to hundredths; a tie of the exact binary value goes to the even hundredth, and the
/// result is the float nearest to that decimal.
pub(super) fn hundredths(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= WHOLE {
        return x;
    }
    let scaled = x * 100.0;
    let nearest = libm::rint(scaled);
    let above = scaled - nearest;
    // What the product has lost says to which side of a tie the exact value lies.
    let lost = libm::fma(x, 100.0, -scaled);
    let whole = match above.abs() < 0.5 || lost == 0.0 {
        true => nearest,
        false if lost > 0.0 => libm::floor(scaled) + 1.0,
        false => libm::ceil(scaled) - 1.0,
    };
    whole / 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decimal formatting rounds the exact value, halves to even.
    fn printed(x: f64) -> f64 {
        format!("{x:.2}").parse().unwrap()
    }

    #[test]
    fn every_hundredth_and_its_half_is_rounded_as_printing_rounds_it() {
        for n in 0..20_000_u32 {
            for x in [f64::from(n) / 100.0, f64::from(n) / 200.0, f64::from(n) * 1.2 / 100.0] {
                assert_eq!(hundredths(x).to_bits(), printed(x).to_bits(), "{x}");
                assert_eq!(hundredths(-x).to_bits(), printed(-x).to_bits(), "-{x}");
            }
        }
        assert!(hundredths(f64::INFINITY).is_infinite() && hundredths(f64::NAN).is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_number_is_rounded_as_printing_rounds_it(
            mantissa in 1.0f64..2.0, exponent in -20i32..60,
        ) {
            let x = mantissa * f64::from(exponent).exp2();
            prop_assert_eq!(hundredths(x).to_bits(), printed(x).to_bits());
        }
    }
}
