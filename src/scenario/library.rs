//! The library: scenarios that are compiled in, so that an installed binary has them without a checkout.
//!
//! The files of `scenarios/` are the source; a test holds this list against the folder. A scenario of the library goes by
//! the name of its file without `.yaml`, wherever a command takes a scenario file; a file of that path comes first.

use std::path::Path;

use super::load::{LoadError, Overrides, load_file, load_text_with};
use super::plan::Plan;
use crate::diag::did_you_mean;

/// A scenario that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// What commands call it: the name of its file, without `.yaml`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal,)*) => {
        /// All of them, in alphabetical order.
        pub const LIBRARY: &[Shipped] = &[
            $(Shipped { name: $name, text: include_str!(concat!("../../scenarios/", $name, ".yaml")) },)*
        ];
    };
}
shipped! {
    "3g",
    "aws-tokyo-direct-connect-2021-09-02",
    "aws-us-east-1-2021-12-07",
    "azure-storm-poly-2023-07-05",
    "azure-swan-2020-01-24",
    "azure-wan-2023-01-25",
    "brownout-ramp",
    "cable-unplugged",
    "centurylink-2020-08-30",
    "cloudflare-backbone-2020-07-17",
    "cloudflare-byzantine-switch-2020-11-02",
    "demo",
    "detectors-side-by-side",
    "facebook-2021-10-04",
    "first-five",
    "flapping-link",
    "flipped-bits",
    "google-cloud-2019-06-02",
    "google-europe-router-2015-11-10",
    "half-open-pool",
    "latency",
    "latency-spikes",
    "lossy-wifi",
    "noisy-neighbour",
    "optus-2023-11-08",
    "partial-blackhole",
    "restart",
    "rogers-2022-07-08",
    "satellite",
    "slack-tgw-2021-01-04",
    "slow-drip",
    "transatlantic",
    "wan-link-cut",
}

/// The scenario of the library that goes by this name; `.yaml` at its end does not matter.
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    let stem = name.strip_suffix(".yaml").unwrap_or(name);
    LIBRARY.iter().find(|shipped| shipped.name == stem)
}

/// Reads a scenario: the file of this path, or where there is none the one of the library that goes by this name.
pub fn load_scenario(path: &Path, overrides: &Overrides) -> Result<Plan, LoadError> {
    if path.exists() {
        return load_file(path, overrides);
    }
    let name = path.display().to_string();
    if let Some(shipped) = shipped(&name) {
        return load_text_with(shipped.name, shipped.text, overrides);
    }
    load_file(path, overrides).map_err(|mut error| {
        let nearest =
            did_you_mean(name.strip_suffix(".yaml").unwrap_or(&name), LIBRARY.iter().map(|s| s.name));
        let hint = nearest.unwrap_or_else(|| "`brownout scenarios` lists those that are built in".to_owned());
        error.diagnostics =
            error.diagnostics.into_iter().map(|mistake| mistake.hint(hint.as_str())).collect();
        error
    })
}

// === impl Shipped ===

impl Shipped {
    /// What its first comment says, without the signs of a comment: what it shows, and where its figures come from.
    pub fn story(&self) -> String {
        let lines = self.text.lines().map_while(|line| line.strip_prefix('#'));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load_text;

    /// A file that is not in the list would be missing from every installed binary.
    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let stems = fs_err::read_dir(folder).unwrap().map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".yaml").expect("the folder holds scenarios").to_owned()
        });
        let mut stems: Vec<String> = stems.collect();
        stems.sort();
        assert_eq!(stems, LIBRARY.iter().map(|shipped| shipped.name).collect::<Vec<_>>());
    }

    /// Each opens with what it shows and where its figures come from, and says in one line what it is about.
    #[test]
    fn every_scenario_tells_its_story() {
        for shipped in LIBRARY {
            assert!(shipped.story().lines().count() >= 2, "{}: a story", shipped.name);
            let plan = load_text(shipped.name, shipped.text).expect(shipped.name);
            assert!(plan.about.is_some(), "{}: `about`", shipped.name);
        }
    }

    #[test]
    fn a_name_that_is_no_file_is_looked_up() {
        let load = |name: &str| load_scenario(Path::new(name), &Overrides::default());
        assert_eq!(&*load("lossy-wifi").unwrap().name, "lossy wi-fi");
        assert_eq!(&*load("lossy-wifi.yaml").unwrap().file, "lossy-wifi");
        let mistaken = load("losy-wifi").unwrap_err().render(crate::diag::Colour::Plain);
        assert!(mistaken.contains("did you mean `lossy-wifi`?"), "{mistaken}");
        let unknown = load("nowhere/at/all.yaml").unwrap_err().render(crate::diag::Colour::Plain);
        assert!(unknown.contains("`brownout scenarios` lists"), "{unknown}");
    }
}
