//! The style as a test: what can be checked is not left to goodwill.
//!
//! Each check is a function from a file to findings, and each finding names file, line, rule and the way out. The last
//! test runs all of them over the repository; those before it show each check a made-up offender, so that none is a
//! check that cannot fail. Rust is read word by word after comments are blanked, which is enough for paths written
//! out; what a macro makes is not seen. Clippy and rustfmt have their own part (see `Cargo.toml`).

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use fs_err as fs;

/// The layers. A module uses strictly lower ones, and itself.
const LAYERS: [(&str, u8); 21] = [
    ("base", 0),
    ("diag", 1),
    ("event", 1),
    ("stats", 1),
    ("wan", 2),
    ("detect", 2),
    ("tcp", 2),
    ("fault", 3),
    ("rules", 3),
    ("scenario", 4),
    ("proxy", 4),
    ("probe", 4),
    ("engine", 5),
    ("bench", 5),
    ("judge", 6),
    ("audit", 6),
    ("report", 7),
    ("control", 7),
    ("testbed", 7),
    ("cli", 8),
    ("main", 9),
];

/// Modules that see less than all the layers below them.
const NARROWED: [(&str, &[&str]); 4] = [
    ("detect", &["base", "stats"]),
    ("report", &["base", "event", "stats", "wan"]),
    ("proxy", &["base", "event", "stats", "tcp", "fault", "rules"]),
    ("main", &["cli"]),
];

/// External crates that only some modules see.
const CONFINED: [(&str, &[&str]); 8] = [
    ("annotate_snippets", &["diag"]),
    ("clap", &["cli"]),
    ("rand", &["base"]),
    ("promql_parser", &["rules"]),
    ("regex", &["rules"]),
    ("serde_saphyr", &["rules", "scenario"]),
    ("tokio", &["proxy", "probe", "engine", "audit", "control", "testbed", "cli", "main"]),
    ("tokio_util", &["proxy", "probe", "engine", "audit", "control", "testbed", "cli", "main"]),
];

/// A longer file has a second room in it.
const LINES_MAX: usize = 500;

/// Where a path of somebody's machine starts; written in halves, for this file is checked too.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!(":\\Us", "ers\\"),
];

/// What the checks of spaces read. Tabs and trailing spaces mean something in a Makefile and in recorded output.
const PROSE_AND_CODE: [&str; 6] = ["rs", "md", "toml", "yaml", "yml", "json"];

/// Folders whose files are wrong, or recorded, on purpose.
const AS_THEY_ARE: [&str; 2] = ["tests/bad/", "tests/golden/"];

struct SourceText {
    /// From the repository's root, with `/`.
    path: String,
    text: String,
}

struct Finding {
    path: String,
    line: usize,
    rule: String,
}

// === impl SourceText ===

impl SourceText {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The module that a file of `src` belongs to; none for the crate's root.
    fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        let module = first.strip_suffix(".rs").unwrap_or(first);
        (module != "lib").then_some(module)
    }

    fn finding(&self, offset: usize, rule: String) -> Finding {
        let line = self.text[..offset].matches('\n').count() + 1;
        Finding { path: self.path.clone(), line, rule }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

// === Reading Rust ===

/// Which parts of a file are blanked before it is read.
#[derive(Clone, Copy, PartialEq)]
enum Blank {
    Comments,
    CommentsAndStrings,
}

/// `text` with the named parts replaced by spaces; offsets and line ends stay.
fn blanked(text: &str, blank: Blank) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (length, wipe) = match skip_length(rest) {
            Some(Skip::Comment(length)) => (length, true),
            Some(Skip::Literal(length)) => (length, blank == Blank::CommentsAndStrings),
            None => (rest.chars().next().map_or(1, char::len_utf8), false),
        };
        if wipe {
            out[at..at + length].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        }
        at += length;
    }
    String::from_utf8(out).expect("whole comments and literals were wiped")
}

enum Skip {
    Comment(usize),
    Literal(usize),
}

/// How long the comment or literal is that `rest` starts with.
fn skip_length(rest: &str) -> Option<Skip> {
    let until = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |i| from + i + end.len());
    if rest.starts_with("//") {
        return Some(Skip::Comment(rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some(Skip::Comment(until(2, "*/")));
    }
    if rest.starts_with("r\"") || rest.starts_with("r#") {
        let hashes = rest[1..].bytes().take_while(|&b| b == b'#').count();
        let raw = rest[1 + hashes..].starts_with('"');
        return raw.then(|| Skip::Literal(until(2 + hashes, &format!("\"{}", "#".repeat(hashes)))));
    }
    if rest.starts_with('"') {
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|b| {
            let ends = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            ends
        });
        return Some(Skip::Literal(end.map_or(rest.len(), |i| i + 2)));
    }
    // A character, not a lifetime: the closing quote is near.
    let character = rest.strip_prefix('\'')?;
    let plain = character.chars().next().filter(|c| *c != '\\');
    let body = plain.map_or_else(|| character.find('\'').map(|i| i.max(2)), |c| Some(c.len_utf8()))?;
    character[body..].starts_with('\'').then_some(Skip::Literal(body + 2))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// Each place where `word` stands as a word of its own.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word))
}

/// The modules that a path leads to, after its `crate::`: one, or the first words of a group.
fn targets(after: &str) -> Vec<&str> {
    let Some(group) = after.strip_prefix('{') else { return vec![first_word(after)] };
    let mut depth = 0;
    let mut starts = vec![0];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts
        .into_iter()
        .map(|at| first_word(group[at..].trim_start()))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Every path of a file that starts at the crate's root, as (offset, module): by `crate::`, by `brownout::`, or by
/// climbing there.
fn root_paths<'t>(file: &SourceText, code: &'t str) -> Vec<(usize, &'t str)> {
    let mut paths = Vec::new();
    for root in ["crate", "brownout"] {
        for at in words(code, root) {
            if let Some(after) = code[at + root.len()..].strip_prefix("::") {
                paths.extend(targets(after).into_iter().map(|target| (at, target)));
            }
        }
    }
    let stem = file.path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let depth = stem.matches('/').count();
    for at in words(code, "super").filter(|&at| !code[..at].ends_with("super::")) {
        let mut after = &code[at..];
        let mut climbed = 0;
        while let Some(rest) = after.strip_prefix("super::") {
            (after, climbed) = (rest, climbed + 1);
        }
        if climbed >= depth + inline_modules(&code[..at]) {
            paths.extend(targets(after).into_iter().map(|target| (at, target)));
        }
    }
    paths
}

/// How many `mod name {` are open where `before` ends.
fn inline_modules(before: &str) -> usize {
    let mut open = Vec::new();
    for (at, c) in before.char_indices() {
        match c {
            '{' => {
                let head = before[..at].trim_end().trim_end_matches(is_word);
                open.push(
                    words(head.trim_end(), "mod").last().is_some_and(|i| i + 3 == head.trim_end().len()),
                );
            }
            '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().filter(|module| *module).count()
}

// === The checks ===

fn check_layers(file: &SourceText) -> Vec<Finding> {
    let Some(module) = file.module().filter(|_| file.is_rust()) else { return Vec::new() };
    let layer_of = |name: &str| LAYERS.iter().find(|(module, _)| *module == name).map(|(_, layer)| *layer);
    let Some(layer) = layer_of(module) else {
        return vec![
            file.finding(0, format!("module `{module}` has no place in the table of layers (tests/tidy.rs)")),
        ];
    };
    let narrowed = NARROWED.iter().find(|(name, _)| *name == module);
    let permitted: Vec<&str> = match narrowed {
        Some((_, seen)) => seen.to_vec(),
        None => LAYERS.iter().filter(|(_, lower)| *lower < layer).map(|(name, _)| *name).collect(),
    };
    // Paths in attributes are strings, so strings are read too.
    let code = blanked(&file.text, Blank::Comments);
    let paths = root_paths(file, &code).into_iter();
    let wrong = paths.filter(|(_, target)| *target != module && !permitted.contains(target));
    wrong
        .map(|(at, target)| {
            let permitted = permitted.join(", ");
            file.finding(
                at,
                format!("`{module}` must not use `{target}`; it may use itself and: {permitted}"),
            )
        })
        .collect()
}

fn check_confined_crates(file: &SourceText) -> Vec<Finding> {
    let Some(module) = file.module().filter(|_| file.is_rust()) else { return Vec::new() };
    let code = blanked(&file.text, Blank::CommentsAndStrings);
    let mut findings = Vec::new();
    for (name, seen_by) in CONFINED.iter().filter(|(_, seen_by)| !seen_by.contains(&module)) {
        for at in words(&code, name) {
            let imported = code[..at].ends_with("use ") || code[..at].ends_with("extern crate ");
            let inner =
                code[..at].ends_with("::") && !code[..at].trim_end_matches("::").ends_with([' ', '\n', '(']);
            if imported || code[at + name.len()..].starts_with("::") && !inner {
                let seen_by = seen_by.join(", ");
                findings
                    .push(file.finding(at, format!("`{name}` in `{module}`; only these see it: {seen_by}")));
            }
        }
    }
    findings
}

fn check_opening(file: &SourceText) -> Vec<Finding> {
    if !file.is_rust() || file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![file.finding(
        0,
        "must open with `//!`: what it is, what it promises, what it leaves to others".to_owned(),
    )]
}

fn check_length(file: &SourceText) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if !file.is_rust() || lines <= LINES_MAX {
        return Vec::new();
    }
    let rule = format!("{lines} lines, more than {LINES_MAX}: move a part to a file of its own");
    vec![file.finding(file.text.len(), rule)]
}

/// Findings for each line of which `wrong` says why.
fn check_lines(file: &SourceText, wrong: impl Fn(&str) -> Option<&'static str>) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let found = lines.filter_map(|(index, line)| Some((index + 1, wrong(line)?)));
    found.map(|(line, rule)| Finding { path: file.path.clone(), line, rule: rule.to_owned() }).collect()
}

fn check_doc_fences(file: &SourceText) -> Vec<Finding> {
    if !file.is_rust() {
        return Vec::new();
    }
    check_lines(file, |line| {
        let doc = line.trim_start();
        let fence = doc.strip_prefix("///").or(doc.strip_prefix("//!"))?.trim_start().strip_prefix("```")?;
        let ignored = fence.split([',', ' ']).any(|word| word.starts_with("ignore"));
        ignored.then_some("an ignored example rots: let it run, or use `no_run` or `text`")
    })
}

fn check_spaces(file: &SourceText) -> Vec<Finding> {
    if !PROSE_AND_CODE.contains(&file.extension())
        || AS_THEY_ARE.iter().any(|folder| file.path.starts_with(folder))
    {
        return Vec::new();
    }
    check_lines(file, |line| {
        let tab = line.contains('\t').then_some("a tab: indent with spaces, or write it as `\\t`");
        tab.or_else(|| line.ends_with(' ').then_some("a space at the end of the line: remove it"))
    })
}

fn check_machine_paths(file: &SourceText) -> Vec<Finding> {
    let starts_a_path =
        |line: &str, at: usize| !line[..at].ends_with(|c: char| is_word(c) || ".~-}".contains(c));
    check_lines(file, |line| {
        let mut places = MACHINE_PATHS.iter().flat_map(|path| line.match_indices(path));
        let found = places.any(|(at, path)| path.starts_with(':') || starts_a_path(line, at));
        found
            .then_some("a path of somebody's machine: use one that everybody has, such as a temporary folder")
    })
}

/// Every Rust file must be reached by a `mod` line, or cargo never compiles it.
fn check_reachable(files: &[SourceText]) -> Vec<Finding> {
    let is_root = |path: &str| {
        let in_folder = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| !rest.contains('/'));
        matches!(path, "src/lib.rs" | "src/main.rs")
            || in_folder("tests/")
            || in_folder("benches/")
            || in_folder("examples/")
            || path.starts_with("tests/") && path.ends_with("/main.rs")
    };
    let rust: Vec<&SourceText> = files.iter().filter(|file| file.is_rust()).collect();
    let mut waiting: Vec<&SourceText> = rust.iter().copied().filter(|file| is_root(&file.path)).collect();
    let mut reached = BTreeSet::new();
    while let Some(file) = waiting.pop() {
        if reached.insert(file.path.as_str()) {
            let children = children(file, is_root(&file.path));
            waiting.extend(rust.iter().copied().filter(|other| children.contains(&other.path)));
        }
    }
    let lost = rust.into_iter().filter(|file| !reached.contains(file.path.as_str()));
    lost.map(|file| file.finding(0, "no `mod` line leads here: declare it or delete it".to_owned())).collect()
}

/// Where the modules that a file declares may be.
fn children(file: &SourceText, is_root: bool) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').expect("walked files are in folders");
    let own = if is_root || name == "mod.rs" { folder } else { file.path.trim_end_matches(".rs") };
    let code = blanked(&file.text, Blank::Comments);
    let mut paths = Vec::new();
    for at in words(&code, "mod") {
        let rest = code[at + 3..].trim_start();
        let child = first_word(rest);
        if !child.is_empty() && rest[child.len()..].trim_start().starts_with(';') {
            paths.extend([format!("{own}/{child}.rs"), format!("{own}/{child}/mod.rs")]);
        }
    }
    let named = code.split("#[path = \"").skip(1).filter_map(|rest| rest.split('"').next());
    paths.extend(named.map(|path| format!("{folder}/{path}")));
    paths
}

// === The repository ===

/// The text files below `folder`, without what is made or private.
fn walk(folder: &Path, files: &mut Vec<SourceText>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the repository")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hidden = name.starts_with('.') && name != ".ci" && name != ".editorconfig";
        if hidden || name.starts_with("target") || name.ends_with(".snap.new") {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let inside = path.strip_prefix(root).expect("the walk starts at the root");
            files.push(SourceText { path: inside.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

#[cfg(test)]
#[path = "tidy/checks.rs"]
mod checks;
