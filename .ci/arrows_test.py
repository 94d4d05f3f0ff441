"""Tables for `.ci/arrows`, on small trees: what counts as a use, and what is refused."""

import re
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from rust_tree import Tree  # noqa: E402

loader = SourceFileLoader("arrows", str(HERE / "arrows"))
arrows = module_from_spec(spec_from_loader("arrows", loader))
sys.modules["arrows"] = arrows
loader.exec_module(arrows)


def tree(files):
    """A tree of these files. Each crate gets a Cargo.toml that lists all of them."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        listed = "".join(f'{name} = "1"\n' for name in sorted({name.split("/")[0] for name in files}))
        for name, text in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
            crate = top / re.split("/(?:src|tests|target)/", name)[0]
            if "/" in name and not (crate / "Cargo.toml").exists():
                manifest = f'[package]\nname = "{crate.name}"\n[dependencies]\n{listed}'
                (crate / "Cargo.toml").write_text(manifest, encoding="utf-8")
        return Tree(top)


# Beside the code of a row stand these: `a` defines Thing, `b` has a parent and a child, `c` hands on.
AROUND = {
    "low-er/src/lib.rs": "pub mod deep; pub struct Top;",
    "low-er/src/deep.rs": "pub struct Deep;",
    "apart/stranger/src/lib.rs": "pub struct Thing;",
    "x/src/a.rs": "pub struct Thing; pub enum Kind { One } pub fn act() {} pub const MOST: u8 = 1;",
    "x/src/b.rs": "pub mod child; pub struct Parent;",
    "x/src/b/child.rs": "pub struct Child; pub fn grow() {}",
    "x/src/c.rs": "pub use crate::a::Thing as Renamed; pub use crate::b::child::*;",
}
LIB = "mod a; mod b; mod c; mod user;"

# What stands in user.rs, and the files that it uses.
READ = [
    ("a use", "use crate::a::Thing;", {"a"}),
    ("nested braces", "use crate::{a::{Thing, Kind::{self, One}}, b::{self, child::Child}};", {"a", "b", "b/child"}),
    ("a glob", "use crate::a::*;", {"a"}),
    ("a new name", "use crate::a as other; fn f() { other::act() }", {"a"}),
    ("super", "use super::a::Thing;", {"a"}),
    ("self", "mod inner { pub struct S; } use self::inner::S;", set()),
    ("super of a module inside the file", "mod inner { use super::super::a::Thing; }", {"a"}),
    ("another crate", "use low_er::deep::Deep;", {"low-er/deep"}),
    ("another crate, from its root", "fn f() { ::low_er::Top; }", {"low-er/lib"}),
    ("another crate beside a module of its name", "mod low_er {} use ::low_er::{Top, deep::Deep};", {"low-er/lib", "low-er/deep"}),
    ("a module beside a crate of its name", "use crate::a as low_er; use low_er::Thing;", {"a"}),
    ("a path in code", "fn f() { crate::a::act(); }", {"a"}),
    ("a path in a type", "struct S(Vec<crate::a::Thing>);", {"a"}),
    ("a qualified path", "fn f() -> <u8 as crate::b::child::Child>::a::act {}", {"b/child"}),
    ("a path in an attribute", "#[derive(low_er::deep::Deep)] struct S;", {"low-er/deep"}),
    ("a path that serde takes", '#[serde(with = "crate::a::act")] struct S;', {"a"}),
    ("a path in a macro's body", "macro_rules! m { ($x:expr) => { $crate::a::act($x) } }", {"a"}),
    ("a path in a macro's call", "fn f() { println!(\"{}\", crate::a::MOST) }", {"a"}),
    ("what is handed on belongs to its file", "use crate::c::Renamed;", {"a"}),
    ("what is handed on by a glob too", "use crate::c::Child;", {"b/child"}),
    ("what a glob brings", "use crate::c::*; fn f(_: Child) {}", {"c", "b/child"}),
    ("handing on one's children", "pub use inner::*; pub mod inner { pub use crate::a::act; }", {"a"}),
    ("a path through an import", "use crate::b; fn f() { b::child::grow() }", {"b", "b/child"}),
    ("a function beside its module", "pub use self::inner::inner; mod inner { pub fn inner() {} }", set()),
    ("a raw name", "fn f() { r#crate::a; crate::r#a::act() }", {"a"}),
    ("comments", "// crate::a\n/* crate::a /* */ crate::a */ /// crate::a\n//! crate::a", set()),
    ("strings", 'fn f() { "crate::a::act"; r#"crate::a " "#; b"\\"crate::a"; \'"\'; "crate::a"; }', set()),
    ("code between strings and lifetimes", "fn f<'a>(_: &'a str, _: 'x') { '\"'; crate::a::act(); '\"'; }", {"a"}),
    ("names of our own", "mod crates { pub mod a { pub struct Thing; } } use crates::a::Thing;", set()),
    ("a crate that is no dependency", "fn f() { stranger::Thing }", set()),
    ("other people's crates", "use std::fmt; use serde::a::Thing; fn f() -> fmt::Result {}", set()),
    ("lifetimes that are captured", "fn f() -> impl Sized + use<> { crate::a::act() }", {"a"}),
    ("who may see it", "pub(in crate::a) struct S { pub(in crate::b) x: crate::b::Parent }", {"b"}),
    ("fields and variables", "fn f(a: u8) { let b = a; b.child.grow; a == b; }", set()),
]


class Reading(unittest.TestCase):
    def users(self, files):
        uses = [(use, place) for use, place in tree(files).uses() if place.file == "x/src/user.rs"]
        return {use.removeprefix("x/src/").replace("/src/", "/").removesuffix(".rs") for use, _ in uses}

    def test_what_code_uses(self):
        for name, code, used in READ:
            with self.subTest(name):
                self.assertEqual(self.users({**AROUND, "x/src/lib.rs": LIB, "x/src/user.rs": code}), used)

    def test_where_and_how_often(self):
        code = "use crate::a::{\n    Kind,\n    Thing,\n};\n\nfn f() {\n    crate::a::act();\n}\n"
        found = tree({**AROUND, "x/src/lib.rs": LIB, "x/src/user.rs": code}).uses()
        places = [(place.line, place.path) for _, place in found if place.file == "x/src/user.rs"]
        self.assertEqual(places, [(2, "crate::a::Kind"), (3, "crate::a::Thing"), (7, "crate::a::act")])

    def test_what_is_a_test(self):
        rows = [
            ("#[cfg(test)] mod tests { use crate::a::Thing; }", True),
            ("#[cfg(all(test, unix))] mod tests { use crate::a::Thing; }", True),
            ("#![cfg(test)] use crate::a::Thing;", True),
            ("#[cfg(test)] use crate::a::Thing;", True),
            ("#[cfg(test)] fn f(_: [u8; 3]) { crate::a::act() }", True),
            ("#[cfg(test)] fn f() {} fn g() { crate::a::act() }", False),
            ("#[cfg(test)] mod tests { fn f() {} } use crate::a::Thing;", False),
            ("struct S { #[cfg(test)] a: u8, b: crate::a::Thing }", False),
            ("#[cfg(not(test))] use crate::a::Thing;", False),
            ("#[cfg(any(test, unix))] use crate::a::Thing;", False),
        ]
        for code, test in rows:
            with self.subTest(code):
                found = list(tree({**AROUND, "x/src/lib.rs": LIB, "x/src/user.rs": code}).uses())
                self.assertEqual([place.test for _, place in found if place.file == "x/src/user.rs"], [test])

    def test_where_modules_are_found(self):
        found = tree({
            "x/src/lib.rs": 'mod a; mod b; mod inner { mod c; } #[cfg(test)] #[path = "a_tests.rs"] mod tests;',
            "x/src/a.rs": "mod below;",
            "x/src/a/below.rs": "",
            "x/src/b/mod.rs": "mod below;",
            "x/src/b/below.rs": "",
            "x/src/inner/c.rs": "",
            "x/src/a_tests.rs": "mod missing;",
            "x/src/main.rs": "fn main() { x::a::below }",
            "x/tests/whole.rs": "mod harness;",
            "x/tests/harness/mod.rs": "",
            "x/src/forgotten.rs": "",
            "x/target/debug/made.rs": "",
        })
        self.assertEqual(len(found.files), 10)
        self.assertEqual(
            found.lost,
            ["x/src/a_tests.rs: `mod missing;` has no file", "x/src/forgotten.rs: no `mod` leads here"],
        )
        self.assertTrue(found.files["x/src/a_tests.rs"][0].test)
        self.assertTrue(found.files["x/tests/harness/mod.rs"][0].test)
        self.assertFalse(found.files["x/src/inner/c.rs"][0].test)


# Rooms of two crates, one of them divided, and one more that only tests may use.
LIST = """
room low   low
room mid   mid/src mid/tests   # with rooms of its own
room front mid/src/front.rs
room back  mid/src/back
room help  help
low <- mid
back <- front
in tests: help <- mid
no circles in: low, back
"""
GOOD = {
    "low/src/lib.rs": "pub struct Low;",
    "help/src/lib.rs": "pub struct Help;",
    "mid/src/lib.rs": "pub mod front; pub mod back; pub use front::show;",
    "mid/src/front.rs": "use crate::back::Back; use low::Low; pub fn show() {}",
    "mid/src/back/mod.rs": "mod part; pub use part::Part; pub struct Back;",
    "mid/src/back/part.rs": "use super::Back; use low::Low; pub struct Part;",
    "mid/tests/all.rs": "use help::Help; use mid::back::Part; use low::Low;",
}

# What is changed, and the beginnings of all faults that are found.
REFUSED = [
    ("nothing", {}, []),
    (
        "a use against the list",
        {"mid/src/back/part.rs": "use crate::front::show;"},
        ["`back` may not use `front`", "    mid/src/back/part.rs:1: crate::front::show"],
    ),
    (
        "a path in code against the list",
        {"low/src/lib.rs": "pub struct Low; fn f() { mid::front::show() }"},
        ["`low` may not use `front`", "    low/src/lib.rs:1: mid::front::show"],
    ),
    (
        "a thing handed on by a room that may be used",
        {
            "mid/src/lib.rs": "pub mod front; pub mod back; pub use front::show;",
            "low/src/lib.rs": "use mid::show; pub struct Low;",
        },
        ["`low` may not use `front`", "    low/src/lib.rs:1: mid::show"],
    ),
    (
        "help for tests in the product",
        {"mid/src/front.rs": "use crate::back::Back; use low::Low; use help::Help; pub fn show() {}"},
        ["`front` may not use `help`", "    mid/src/front.rs:1: help::Help"],
    ),
    (
        "a test of one room that looks at the other",
        {"mid/src/back/part.rs": "use low::Low; #[cfg(test)] use crate::front::show;"},
        [],
    ),
    (
        "a test that looks outside its crate's list",
        {"low/src/lib.rs": "pub struct Low; #[cfg(test)] use help::Help;"},
        ["`low` may not use `help`, not in tests either", "    low/src/lib.rs:1: help::Help"],
    ),
    (
        "an arrow that nobody uses",
        {"mid/src/front.rs": "use low::Low; pub fn show() {}"},
        ["the list lets `front` use `back`, which no code does"],
    ),
    (
        "an arrow that only tests use",
        {"mid/src/front.rs": "#[cfg(test)] use crate::back::Back; use low::Low; pub fn show() {}"},
        ["the list lets `front` use `back`, which no code does"],
    ),
    (
        "files in a circle",
        {
            "low/src/lib.rs": "mod a; mod b; pub struct Low;",
            "low/src/a.rs": "use crate::b;",
            "low/src/b.rs": "use crate::a;",
        },
        [
            "2 files of `low` use each other in a circle: low/src/a.rs, low/src/b.rs",
            "    low/src/a.rs:1: crate::b is in low/src/b.rs",
            "    low/src/b.rs:1: crate::a is in low/src/a.rs",
        ],
    ),
    (
        "a parent that calls a child that uses the parent",
        {"mid/src/back/mod.rs": "mod part; pub use part::Part; pub struct Back(Part);"},
        [
            "2 files of `back` use each other in a circle: mid/src/back/mod.rs, mid/src/back/part.rs",
            "    mid/src/back/mod.rs:1: Part is in mid/src/back/part.rs",
            "    mid/src/back/part.rs:1: super::Back is in mid/src/back/mod.rs",
        ],
    ),
    (
        "a parent that hands on its child's names",
        {"mid/src/back/mod.rs": "mod part; pub use part::*; pub struct Back;"},
        [],
    ),
    (
        "a parent that uses its child's names by a glob",
        {"mid/src/back/mod.rs": "mod part; pub use part::*; pub struct Back(Part);"},
        [
            "2 files of `back` use each other in a circle: mid/src/back/mod.rs, mid/src/back/part.rs",
            "    mid/src/back/mod.rs:1: Part is in mid/src/back/part.rs",
            "    mid/src/back/part.rs:1: super::Back is in mid/src/back/mod.rs",
        ],
    ),
    (
        "the same by a method",
        {
            "mid/src/back/mod.rs": "mod part; pub use part::Part; pub struct Back; fn f(b: Back) { b.grown() }",
            "mid/src/back/part.rs": "use super::Back; pub struct Part; impl<T: Into<u8>> Back { fn grown(self) {} }",
        },
        [
            "2 files of `back` use each other in a circle: mid/src/back/mod.rs, mid/src/back/part.rs",
            "    mid/src/back/mod.rs:1: .grown() is in mid/src/back/part.rs",
            "    mid/src/back/part.rs:1: super::Back is in mid/src/back/mod.rs",
        ],
    ),
    (
        "a circle of tests",
        {"low/src/lib.rs": "pub struct Low; #[cfg(test)] mod a;", "low/src/a.rs": "use super::*;"},
        [],
    ),
    (
        "methods of another room's type",
        {"mid/src/front.rs": "use crate::back::Back; impl Back { fn f() {} } pub fn show() {}"},
        ["mid/src/front.rs:1: `impl::Back` adds methods to a type of `back`"],
    ),
    (
        "a trait for another room's type",
        {"mid/src/front.rs": "use crate::back::Back; impl Drop for Back {} pub fn show() {}"},
        [],
    ),
    ("a file of no room", {"more/src/lib.rs": ""}, ["more/src/lib.rs belongs to no room"]),
    (
        "a room without code",
        {"help/src/lib.rs": None, "mid/tests/all.rs": None},
        [
            "the room `mid` has no code at mid/tests",
            "the room `help` has no code at help",
            "the list lets `mid` use `help`",
        ],
    ),
]


class Judging(unittest.TestCase):
    def faults(self, files):
        files = {name: text for name, text in files.items() if text is not None}
        return arrows.Check(tree(files), arrows.Rooms.read(LIST)).faults

    def test_what_is_refused(self):
        for name, change, faults in REFUSED:
            with self.subTest(name):
                found = self.faults({**GOOD, **change})
                self.assertEqual(len(found), len(faults), found)
                for fault, beginning in zip(found, faults):
                    self.assertTrue(fault.startswith(beginning), f"{fault!r} does not begin with {beginning!r}")

    def test_a_lower_room_may_be_used_along_the_whole_chain(self):
        rooms = arrows.Rooms.read("room a a\nroom b b\nroom c c\nroom d d\na <- b <- c, d")
        allowed = {(u, l) for u in "abcd" for l in "abcd" if rooms.may(u, l, False)}
        self.assertEqual(allowed, {("b", "a"), ("c", "b"), ("c", "a"), ("d", "b"), ("d", "a")})

    def test_lists_that_make_no_sense(self):
        rows = [
            ("room a a\na <- b", "line 2: `b` is no room"),
            ("room a a\nroom b b\na <- b <- a", "`a` may use itself by a circle of arrows"),
            ("room a a\nroom b a/b\nb <- a", "`b` may use itself by a circle of arrows"),
            ("room a", "line 1: `a` has no file or folder"),
            ("room a a\na b", "line 2: `a b` is neither a room nor an arrow"),
        ]
        for text, message in rows:
            with self.subTest(text):
                with self.assertRaises(arrows.ListError) as caught:
                    arrows.Rooms.read(text)
                self.assertEqual(str(caught.exception), message)


if __name__ == "__main__":
    unittest.main()
