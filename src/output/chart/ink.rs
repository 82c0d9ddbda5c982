//! Colours: a palette for lines, a scale for cells, and which text reads on which.

/// A colour; `alpha` is 1 where it covers.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct Ink {
    /// Red, green and blue, sRGB.
    pub(super) rgb: (u8, u8, u8),
    /// How much of what is below it hides, from 0 to 1.
    pub(super) alpha: f64,
}

impl Ink {
    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { rgb: (red, green, blue), alpha: 1.0 }
    }

    /// The same colour, letting what is below shine through.
    pub(super) const fn thinned(self, alpha: f64) -> Self {
        Self { rgb: self.rgb, alpha }
    }
}

/// Paper.
pub(super) const WHITE: Ink = Ink::new(255, 255, 255);
/// Titles and numbers.
pub(super) const BLACK: Ink = Ink::new(26, 26, 26);
/// Labels and subtitles.
pub(super) const GREY: Ink = Ink::new(85, 85, 85);
/// Axes and ticks.
pub(super) const AXIS: Ink = Ink::new(120, 120, 120);
/// Grid lines.
pub(super) const GRID: Ink = Ink::new(226, 226, 226);
/// A cell without a value.
pub(super) const BLANK: Ink = Ink::new(240, 240, 240);
/// The hatching on it.
pub(super) const HATCH: Ink = Ink::new(205, 205, 205);

/// Okabe and Ito, Color Universal Design (2008), without the yellow, which white paper swallows.
pub(super) const PALETTE: [Ink; 7] = [
    Ink::new(0, 114, 178),
    Ink::new(213, 94, 0),
    Ink::new(0, 158, 115),
    Ink::new(204, 121, 167),
    Ink::new(0, 0, 0),
    Ink::new(230, 159, 0),
    Ink::new(86, 180, 233),
];

/// Viridis (Smith and van der Walt, SciPy 2015) at ninths: perceptually uniform, rising in
/// lightness, and so readable in grey and by colour-blind readers.
const VIRIDIS: [(u8, u8, u8); 10] = [
    (68, 1, 84),
    (72, 40, 120),
    (62, 74, 137),
    (49, 104, 142),
    (38, 130, 142),
    (31, 158, 137),
    (53, 183, 121),
    (110, 206, 88),
    (181, 222, 43),
    (253, 231, 37),
];

/// The colour at a share of the scale, dark at 0 and light at 1.
pub(super) fn viridis(share: f64) -> Ink {
    let at = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (at as usize).min(VIRIDIS.len() - 2);
    let (low, high) = (VIRIDIS[below], VIRIDIS[below + 1]);
    let mix = |a: u8, b: u8| {
        (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - below as f64)).round() as u8
    };
    Ink::new(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

/// Black or white, whichever contrasts more with the given ground (WCAG 2.1, contrast ratio).
pub(super) fn legible_on(ground: Ink) -> Ink {
    let luminance = luminance(ground);
    let on_white = 1.05 / (luminance + 0.05);
    let on_black = (luminance + 0.05) / 0.05;
    if on_white > on_black { WHITE } else { Ink::new(0, 0, 0) }
}

/// WCAG 2.1, relative luminance.
fn luminance(ink: Ink) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.03928 { share / 12.92 } else { libm::pow((share + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(ink.rgb.0) + 0.7152 * linear(ink.rgb.1) + 0.0722 * linear(ink.rgb.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_rises_in_lightness_and_its_text_is_legible() {
        let grounds: Vec<Ink> = (0..=50).map(|step| viridis(f64::from(step) / 50.0)).collect();
        assert!(grounds.windows(2).all(|pair| luminance(pair[0]) < luminance(pair[1])));
        for ground in grounds {
            let (one, other) = (luminance(ground), luminance(legible_on(ground)));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            // WCAG 2.1, level AA.
            assert!(contrast >= 4.5, "{ground:?}: {contrast}");
        }
    }
}
