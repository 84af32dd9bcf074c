//! Names from labels: what a scenario can write.
//!
//! A name is lowercase ASCII: a letter, then letters, digits and `-`. Letters with accents lose them, whatever else stands
//! between letters becomes one `-`. A label that leaves nothing, or none at all, gives `node-` and the node's id.

use indexmap::IndexMap;

/// As long as a name in a scenario may be, less what tells apart, counts planes and joins two names.
const NAME_CHARS_MAX: usize = 48;

/// A name for each of the nodes with these labels and ids, all different.
pub(super) fn names<'l>(nodes: impl Iterator<Item = (Option<&'l str>, &'l str)>) -> Vec<String> {
    let mut times: IndexMap<String, usize> = IndexMap::new();
    let mut names: Vec<String> = Vec::new();
    for (label, id) in nodes {
        let plain = label.and_then(slug).or_else(|| slug(&format!("node-{id}")));
        let plain = plain.unwrap_or_else(|| "node".to_owned());
        let mut name = plain.clone();
        while times.contains_key(&name) {
            let time = times.entry(plain.clone()).or_default();
            *time += 1;
            name = format!("{plain}-{}", letters(*time));
        }
        times.insert(name.clone(), 0);
        names.push(name);
    }
    names
}

/// 1 is `b`, for the first has none; after `z` comes `ba`.
fn letters(mut number: usize) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        letters.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    letters.iter().rev().collect()
}

fn slug(label: &str) -> Option<String> {
    let mut name = String::new();
    for c in label.chars() {
        let c = c.to_lowercase().next().unwrap_or(c);
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if let Some(plain) = without_accent(c) {
            name.push_str(plain);
        } else if !name.is_empty() && !name.ends_with('-') && c != '\'' {
            name.push('-');
        }
        if name.len() >= NAME_CHARS_MAX {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    let begins = name.chars().next()?;
    Some(if begins.is_ascii_digit() { format!("n{name}") } else { name.to_owned() })
}

/// Letters of European place names in ASCII.
fn without_accent(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='õ' | 'ō' | 'ŏ' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'ù'..='û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_names_and_names_are_told_apart() {
        let labels = [
            (Some("New York"), "0"),
            (Some("new york"), "1"),
            (Some("St Kitts & Nevis"), "2"),
            (Some("Zürich (Hönggerberg)"), "3"),
            (Some("10GE"), "4"),
            (None, "17"),
            (Some("北京"), "18"),
            (Some("New York-b"), "19"),
            (Some("NEW_YORK"), "20"),
        ];
        let expected = [
            "new-york",
            "new-york-b",
            "st-kitts-nevis",
            "zuerich-hoenggerberg",
            "n10ge",
            "node-17",
            "node-18",
            "new-york-b-b",
            "new-york-c",
        ];
        assert_eq!(names(labels.into_iter()), expected);
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([1, 25, 26, 27].map(letters), ["b", "z", "ba", "bb"]);
    }
}
