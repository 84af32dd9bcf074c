//! Places of nodes that have none: the middle of their neighbours, from those that have one inwards.

use super::drawing::Line;
use crate::wan::topology::Place;

/// Fills in the places that are missing, as far as a placed node can be reached. `lines` join nodes by their places in `places`.
pub(super) fn fill_in(places: &mut [Option<Place>], lines: &[Line]) {
    let mut neighbours = vec![Vec::new(); places.len()];
    for Line { ends: [a, b], .. } in lines {
        neighbours[*a].push(*b);
        neighbours[*b].push(*a);
    }
    let mut missing: Vec<usize> = (0..places.len()).filter(|node| places[*node].is_none()).collect();
    loop {
        // All of a round from what the last one knew, so that the order of nodes does not matter.
        let found: Vec<(usize, Place)> = missing
            .iter()
            .filter_map(|node| Some((*node, middle(neighbours[*node].iter().filter_map(|at| places[*at]))?)))
            .collect();
        if found.is_empty() {
            return;
        }
        for (node, place) in found {
            places[node] = Some(place);
        }
        missing.retain(|node| places[*node].is_none());
    }
}

/// The middle of some points on a sphere: where the sum of their directions points. None of none.
fn middle(points: impl Iterator<Item = Place>) -> Option<Place> {
    let mut sum = [0.0_f64; 3];
    let mut first = None;
    for place in points {
        first = first.or(Some(place));
        let (east, north) = (place.longitude.to_radians(), place.latitude.to_radians());
        let direction = [north.cos() * east.cos(), north.cos() * east.sin(), north.sin()];
        sum.iter_mut().zip(direction).for_each(|(sum, part)| *sum += part);
    }
    let [x, y, z] = sum;
    // Points all around the earth have no middle.
    if x.hypot(y).hypot(z) < 1e-6 {
        return first;
    }
    let place = Place { longitude: y.atan2(x).to_degrees(), latitude: z.atan2(x.hypot(y)).to_degrees() };
    first.map(|_| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Across the date line, too.
    #[test]
    fn the_middle_is_in_between() {
        let place = |longitude, latitude| Place { longitude, latitude };
        let between = middle([place(170.0, 0.0), place(-170.0, 0.0)].into_iter()).unwrap();
        assert!((between.longitude.abs() - 180.0).abs() < 1e-9 && between.latitude.abs() < 1e-9);
        assert_eq!(middle(std::iter::empty()), None);
        let opposite = middle([place(0.0, 0.0), place(180.0, 0.0)].into_iter()).unwrap();
        assert_eq!(opposite, place(0.0, 0.0));
    }
}
