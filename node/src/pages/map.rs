//! Maps, drawn here: outlines of counties, a graticule, a scale, and reads where they were made. No tile is
//! asked of anybody, for a request for one tells where somebody searches.

mod outlines;

use maud::{Markup, html};
use schemas::area::{Near, Polygon};
use schemas::read::Location;

use outlines::COUNTIES;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 460.0;
/// Least height of what is shown, in degrees: about a kilometre.
const LEAST: f64 = 0.01;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// Something at a place.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Where.
    pub(super) at: Location,
    /// What stands in its disc.
    pub(super) label: String,
    /// What it is, in words.
    pub(super) said: String,
    /// The id of the row that it is.
    pub(super) row: String,
}

/// What was searched of the ground.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    pub(super) near: Option<Near>,
    pub(super) polygon: Option<Polygon>,
}

/// The height of a latitude on the map, in degrees of longitude.
fn mercator(latitude: f64) -> f64 {
    let clamped = latitude.clamp(-85.0, 85.0).to_radians();
    (clamped / 2.0 + std::f64::consts::FRAC_PI_4).tan().ln().to_degrees()
}

fn latitude(mercator: f64) -> f64 {
    (2.0 * mercator.to_radians().exp().atan() - std::f64::consts::FRAC_PI_2).to_degrees()
}

/// What of the ground is shown.
#[derive(Debug, Clone, Copy)]
struct View {
    west: f64,
    /// On the map, not of the ground.
    north: f64,
    /// Dots of a degree.
    dots: f64,
}

impl View {
    /// One in which all of these lie, with room around them.
    fn over(places: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let mut bounds: Option<(f64, f64, f64, f64)> = None;
        for (at, longitude) in places {
            let y = mercator(at);
            let (w, e, s, n) = bounds.unwrap_or((longitude, longitude, y, y));
            bounds = Some((w.min(longitude), e.max(longitude), s.min(y), n.max(y)));
        }
        let (west, east, south, north) = bounds?;
        let high = ((north - south) * 1.3).max((east - west) * 1.3 * HEIGHT / WIDTH).max(LEAST);
        let wide = high * WIDTH / HEIGHT;
        let (middle_x, middle_y) = (f64::midpoint(west, east), f64::midpoint(south, north));
        Some(Self {
            west: middle_x - wide / 2.0,
            north: middle_y + high / 2.0,
            dots: HEIGHT / high,
        })
    }

    fn dot(&self, at: f64, longitude: f64) -> (f64, f64) {
        ((longitude - self.west) * self.dots, (self.north - mercator(at)) * self.dots)
    }

    fn place(&self, at: &Location) -> (f64, f64) {
        self.dot(at.latitude(), at.longitude())
    }

    /// Metres of a dot in the middle of the map.
    fn metres(&self) -> f64 {
        let middle = latitude(self.north - HEIGHT / 2.0 / self.dots);
        DEGREE_M * middle.to_radians().cos() / self.dots
    }

    /// The outlines that cross it, as the data of a path.
    fn outlines(&self) -> String {
        let mut path = String::new();
        for line in COUNTIES.iter() {
            let mut joined = false;
            for pair in line.windows(2) {
                let [from, to] = pair else { continue };
                let ((ax, ay), (bx, by)) = (self.dot(from.0, from.1), self.dot(to.0, to.1));
                let seen = ax.max(bx) >= 0.0
                    && ax.min(bx) <= WIDTH
                    && ay.max(by) >= 0.0
                    && ay.min(by) <= HEIGHT;
                if !seen {
                    joined = false;
                    continue;
                }
                if !joined {
                    path += &format!("M{ax:.1} {ay:.1}");
                }
                path += &format!("L{bx:.1} {by:.1}");
                joined = true;
            }
        }
        path
    }
}

/// 1, 2 or 5 times a power of ten, at most `most`.
fn round_below(most: f64) -> f64 {
    let power = 10_f64.powf(most.log10().floor());
    let fits = [5.0, 2.0, 1.0].into_iter().map(|times| times * power).find(|step| *step <= most);
    fits.unwrap_or(power)
}

/// Lines of round degrees, with what they are.
fn graticule(view: &View) -> Markup {
    let step = round_below(WIDTH / view.dots / 3.0);
    let digits = (-step.log10()).ceil().clamp(0.0, 4.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
    let digits = digits as usize;
    let first = |from: f64| (from / step).ceil() * step;
    let lines = |from: f64, until: f64| {
        let begin = first(from);
        std::iter::successors(Some(begin), move |at| Some(at + step))
            .take_while(move |at| *at <= until)
            .take(20)
    };
    let (south, north) = (latitude(view.north - HEIGHT / view.dots), latitude(view.north));
    html! {
        @for longitude in lines(view.west, view.west + WIDTH / view.dots) {
            @let (x, _) = view.dot(north, longitude);
            line.grid x1=(format!("{x:.1}")) x2=(format!("{x:.1}")) y1="0" y2=(HEIGHT) {}
            text.degree x=(format!("{:.1}", x + 4.0)) y=(HEIGHT - 6.0) { (format!("{longitude:.digits$}°")) }
        }
        @for at in lines(south, north) {
            @let (_, y) = view.dot(at, view.west);
            line.grid y1=(format!("{y:.1}")) y2=(format!("{y:.1}")) x1="0" x2=(WIDTH) {}
            text.degree x="4" y=(format!("{:.1}", y - 4.0)) { (format!("{at:.digits$}°")) }
        }
    }
}

/// How long something on the map is.
fn scale(view: &View) -> Markup {
    let metres = round_below(WIDTH / 4.0 * view.metres());
    let dots = metres / view.metres();
    let said =
        if metres >= 1_000.0 { format!("{} km", metres / 1_000.0) } else { format!("{metres} m") };
    let (right, y) = (WIDTH - 16.0, HEIGHT - 24.0);
    html! {
        path.scale d=(format!("M{:.1} {:.1}v6h{dots:.1}v-6", right - dots, y)) {}
        text.scale-said x=(format!("{right:.1}")) y=(format!("{:.1}", y - 4.0)) text-anchor="end" { (said) }
    }
}

fn area(view: &View, outline: &Outline) -> Markup {
    html! {
        @if let Some(near) = &outline.near {
            @let (x, y) = view.place(&near.center);
            circle.area cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r=(format!("{:.1}", f64::from(near.radius_m) / view.metres())) {}
        }
        @if let Some(polygon) = &outline.polygon {
            @let corners = polygon.corners().iter().map(|at| view.place(at)).map(|(x, y)| format!("{x:.1},{y:.1}"));
            polygon.area points=(corners.collect::<Vec<_>>().join(" ")) {}
        }
    }
}

/// Marks on a map, the first of those at one place on top of the others, joined by a line where they are of one
/// vehicle; nothing where there is none.
pub(super) fn of(marks: &[Mark], outline: &Outline, joined: bool, said: &str) -> Markup {
    let places = marks.iter().map(|mark| (mark.at.latitude(), mark.at.longitude()));
    let boxed = outline.near.iter().map(Near::bounds);
    let corners = boxed.flat_map(|one| [(one.south, one.west), (one.north, one.east)]);
    let polygon = outline.polygon.iter().flat_map(|polygon| polygon.corners());
    let corners = corners.chain(polygon.map(|at| (at.latitude(), at.longitude())));
    let Some(view) = View::over(places.chain(corners)).filter(|_| !marks.is_empty()) else {
        return html! {};
    };
    let dots: Vec<(f64, f64)> = marks.iter().map(|mark| view.place(&mark.at)).collect();
    let track = dots.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
    html! {
        figure.map {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="group" aria-label=(said) {
                rect.ground width=(WIDTH) height=(HEIGHT) {}
                (graticule(&view))
                path.county d=(view.outlines()) {}
                (area(&view, outline))
                @if joined && marks.len() > 1 { polyline.track points=(track) {} }
                @for (mark, (x, y)) in marks.iter().zip(&dots).rev() {
                    a href={ "#" (mark.row) } aria-label=(mark.said) {
                        title { (mark.said) }
                        circle.mark cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="13" {}
                        text.mark-said x=(format!("{x:.1}")) y=(format!("{:.1}", y + 4.5)) text-anchor="middle" { (mark.label) }
                    }
                }
                (scale(&view))
            }
            figcaption { (said) ". Lines of counties: U.S. Census Bureau, 2023." }
        }
    }
}

/// A map on which a circle or a polygon is drawn, where there is a script; the fields beside it say the same.
pub(super) fn to_draw_on(outline: &Outline) -> Markup {
    let near = outline.near.as_ref();
    html! {
        div.drawing hidden data-map="/counties"
            data-at=[near.map(|near| format!("{},{}", near.center.latitude(), near.center.longitude()))] {
            p.hint { "Click the middle of a circle, then its edge; or with “Corners”, each corner. Drag to move the map." }
            p.acts {
                button type="button" data-draw="circle" aria-pressed="true" { "Circle" }
                button type="button" data-draw="polygon" aria-pressed="false" { "Corners" }
                button type="button" data-draw="clear" { "Clear" }
                button type="button" data-draw="in" { "Closer" }
                button type="button" data-draw="out" { "Farther" }
            }
            div.canvas {}
        }
    }
}

/// The outlines, as the drawing map takes them: longitudes and heights on the map.
pub(super) fn counties() -> String {
    let mut path = String::new();
    for line in COUNTIES.iter() {
        for (nth, (at, longitude)) in line.iter().enumerate() {
            let letter = if nth == 0 { 'M' } else { 'L' };
            path += &format!("{letter}{longitude:.3} {:.3}", -mercator(*at));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(latitude: f64, longitude: f64) -> Mark {
        let at = Location::new(latitude, longitude).unwrap().unwrap();
        Mark { at, label: "1".into(), said: "<read> 1".into(), row: "read-1".into() }
    }

    #[test]
    fn every_mark_lies_on_the_map_with_counties_and_a_scale() {
        let marks = [mark(34.148, -118.001), mark(33.74, -118.26), mark(34.4, -119.7)];
        let view = View::over(marks.iter().map(|one| (one.at.latitude(), one.at.longitude())));
        for one in &marks {
            let (x, y) = view.unwrap().place(&one.at);
            assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{x} {y}");
        }
        let drawn = of(&marks, &Outline::default(), true, "3 reads").into_string();
        assert!(drawn.contains("20 km") || drawn.contains("50 km"), "{drawn}");
        assert!(drawn.contains("&lt;read&gt; 1") && !drawn.contains("<read>"), "{drawn}");
        assert!(view.unwrap().outlines().len() > 100);
        assert!(drawn.len() < 100_000, "{}", drawn.len());
    }

    #[test]
    fn one_mark_is_shown_with_its_streets_and_none_not_at_all() {
        let drawn =
            of(&[mark(34.148, -118.001)], &Outline::default(), true, "1 read").into_string();
        assert!(drawn.contains("200 m"), "{drawn}");
        assert_eq!(of(&[], &Outline::default(), true, "none").into_string(), "");
    }

    #[test]
    fn a_degree_is_as_long_as_on_the_ground() {
        let view = View::over([(34.0, -118.0), (34.2, -118.2)].into_iter()).unwrap();
        let (a, b) = (view.dot(34.1, -118.0), view.dot(34.1, -118.1));
        let metres = (a.0 - b.0) * view.metres();
        assert!((metres - 9_207.0).abs() < 30.0, "{metres}");
        assert_eq!(latitude(mercator(34.0)).round(), 34.0);
    }
}
