//! Where the middle of some numbers lies, and how far they lie apart.

/// The number below which the share `q` of `values` lies, between two of them in proportion; none of nothing.
pub(super) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = q * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// None of nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_nothing() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn quartiles_lie_between_values_in_proportion() {
        let values = [5.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(
            [0.0, 0.25, 0.75, 1.0].map(|q| quantile(&values, q)),
            [1.0, 2.0, 4.0, 5.0].map(Some)
        );
        assert_eq!(quantile(&[1.0, 3.0], 0.25), Some(1.5));
        assert_eq!(quantile(&[7.0], 0.9), Some(7.0));
    }
}
