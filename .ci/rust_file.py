"""Reads one file of Rust: its modules, what they declare and import, and every path that they write.

Each `use` tree, each path in code and in the bodies of macros counts. Comments, strings and doc text
are not code; the paths that serde takes in strings (`with = "crate::text"`) are.
"""

import re
from dataclasses import dataclass, field

# What is no code, and where a quote mark begins no text: lifetimes come last.
NO_CODE = re.compile(
    r"""//[^\n]*
    | (?P<block>/\*)
    | \b[bc]?r(?P<hashes>\#*)"(?s:.*?)"(?P=hashes)
    | (?P<text>(?:\b[bc])?"(?:\\(?s:.)|[^"\\])*")
    | b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^\\'\n])'
    | '\w+""",
    re.VERBOSE,
)
SERDE_PATH = re.compile(
    r"\b(?:with|serialize_with|deserialize_with|default|skip_serializing_if|from|try_from|into|remote|getter)"
    r"\s*=\s*\Z"
)
TOKEN = re.compile(r"r#[A-Za-z_]\w*|[A-Za-z_]\w*|\d\w*|::|->|=>|\S")
NAME = re.compile(r"[A-Za-z_]\w*\Z")
# Words that begin no path.
KEYWORDS = frozenset(
    "as async await break const continue dyn else enum extern false fn for if impl in let loop match mod move mut"
    " pub ref return static struct trait true type unsafe use where while Self".split()
)
ITEMS = frozenset("fn struct enum union trait type const static".split())
ONLY_TEST = re.compile(r"cfg\((?:test\)|all\((?:.*,)?test[,)])")


@dataclass(frozen=True)
class Place:
    """Where a path is written, and how."""

    file: str
    line: int
    path: str
    test: bool


@dataclass
class Module:
    """A module: what it declares, what it imports, and every path that it writes."""

    file: str
    parent: "Module | None"
    test: bool
    crates: frozenset = frozenset()  # of a crate's root: names of crates that its paths may begin with
    children: dict = field(default_factory=dict)
    items: set = field(default_factory=set)
    imports: dict = field(default_factory=dict)  # name here -> path, as a tuple
    globs: list = field(default_factory=list)  # paths of modules whose every name is imported
    paths: list = field(default_factory=list)  # (path, Place); `::name` begins with an empty name
    reexports: list = field(default_factory=list)  # (name here, None for all, path, Place)
    bare: dict = field(default_factory=dict)  # name -> Places of its uses without a path
    impls: list = field(default_factory=list)  # (path of a type, Place, names of methods) for each `impl Type`
    other_methods: set = field(default_factory=set)  # of traits, and of traits' impls
    calls: dict = field(default_factory=dict)  # name -> Places where it is called as a method

    @property
    def root(self):
        return self if self.parent is None else self.parent.root

    def is_under(self, other):
        """Whether this module is a child of the other, at any depth."""
        return self.parent is other or (self.parent is not None and self.parent.is_under(other))


def blank(text):
    """The code with comments, strings and characters made spaces, lines where they were."""
    out, at = [], 0
    while match := NO_CODE.search(text, at):
        start, end = match.span()
        if match["block"]:
            end = end_of_comment(text, end)
        kept = text[start:end]
        named = match["text"] and re.fullmatch(r'"\w+(::\w+)+"', kept)
        if named and SERDE_PATH.search(text, max(0, start - 60), start):
            kept = f" {kept[1:-1]} "
        else:
            kept = re.sub(r"[^\n]", " ", kept)
        out += [text[at:start], kept]
        at = end
    return "".join(out) + text[at:]


def end_of_comment(text, at):
    """Where a block comment ends; they nest."""
    depth = 1
    while depth and (match := re.compile(r"/\*|\*/").search(text, at)):
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
    return at if depth == 0 else len(text)


class FileReader:
    """Reads one file into its module and the modules written inside it."""

    def __init__(self, tree, file, module, children_in):
        self.tree, self.file, self.children_in = tree, file, children_in
        self.text = (tree.top / file).read_text(encoding="utf-8")
        code = blank(self.text)
        found = list(TOKEN.finditer(code))
        self.tokens = [token[0].removeprefix("r#") for token in found]
        self.offsets = [token.start() for token in found]
        self.line, self.counted = 1, 0
        self.module = module
        self.depth = 0
        self.scopes = [(0, module)]  # the modules that are open, and the depths of their items
        self.test_from = None  # depth of the item that `#[cfg(test)]` stands before
        self.file_name = None  # of `#[path = "…"]`
        self.methods, self.methods_at = None, 0  # of the `impl Type` that is open, and their depth

    def token(self, at):
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""

    def place(self, at, path):
        offset = self.offsets[at]
        self.line += self.text.count("\n", self.counted, offset)
        self.counted = offset
        return Place(self.file, self.line, "::".join(path), self.module.test or self.test_from is not None)

    def read(self):
        at = 0
        while at < len(self.tokens):
            at = self.step(at)

    def step(self, at):
        token = self.tokens[at]
        if token == "#" and self.token(at + 1) in ("[", "!"):
            return self.attribute(at)
        if token == "pub" and self.tokens[at + 1 : at + 3] == ["(", "in"]:
            return self.tokens.index(")", at) + 1  # who may see it, not what it uses
        if token in "([{":
            self.depth += 1
        elif token in ")]}":
            self.close(token)
        elif token in ";,":
            self.end_item(token)
        elif token == "use" and self.token(at + 1) != "<":
            return self.use(at)
        elif token == "mod" and NAME.match(self.token(at + 1)):
            return self.mod(at)
        elif token == "macro_rules" and self.token(at + 1) == "!":
            self.module.items.add(self.token(at + 2))
            return at + 3
        elif token == "impl" and self.at_items():
            self.impl(at)
        elif token in ITEMS and NAME.match(self.token(at + 1)) and self.token(at + 1) not in KEYWORDS:
            if self.at_items():
                self.module.items.add(self.token(at + 1))
            elif token == "fn":
                self.function(self.token(at + 1))
            return at + 2
        elif NAME.match(token) and token not in KEYWORDS:
            return self.path(at)
        return at + 1

    def at_items(self):
        return self.scopes[-1][0] == self.depth

    def close(self, token):
        self.depth -= 1
        if self.depth < self.methods_at:
            self.methods = None
        if len(self.scopes) > 1 and self.scopes[-1][0] > self.depth:
            self.scopes.pop()
            self.module = self.scopes[-1][1]
        if token == "}":
            self.end_item(token)

    def end_item(self, token):
        """An item, field or arm after `#[cfg(test)]` ends here."""
        if self.test_from is None or self.depth > self.test_from:
            return
        if token != "," or not self.at_items():
            self.test_from = None

    def attribute(self, at):
        start = at + 1 if self.token(at + 1) == "[" else at + 2
        end, depth = start, 0
        while end < len(self.tokens):
            depth += {"[": 1, "]": -1}.get(self.tokens[end], 0)
            if depth == 0:
                break
            end += 1
        inside = "".join(self.tokens[start + 1 : end])
        if ONLY_TEST.match(inside):
            if start == at + 2:
                self.module.test = True
            elif self.test_from is None:
                self.test_from = self.depth
        if inside.startswith("path="):
            self.file_name = re.search(r'"([^"]*)"', self.text[self.offsets[start] :])[1]
        for inner in range(start + 1, end):
            starts = self.token(inner + 1) == "::" and self.token(inner - 1) != "::"
            if starts and NAME.match(self.tokens[inner]) and self.tokens[inner] not in KEYWORDS:
                self.path(inner)
        return end + 1

    def mod(self, at):
        name, after = self.token(at + 1), self.token(at + 2)
        test = self.module.test or self.test_from is not None
        given, self.file_name = self.file_name, None
        if after == "{":
            child = Module(self.file, self.module, test)
            self.module.children[name] = child
            self.depth += 1
            self.scopes.append((self.depth, child))
            self.module = child
        elif after == ";":
            child = Module("", self.module, test)
            self.module.children[name] = child
            self.tree.load(child, self.children_in, self.inline_path(), name, given, self.file)
            self.end_item(";")
        return at + 3

    def inline_path(self):
        """The folders that modules written inside this file add to the place of their children."""
        names = []
        for (_, outer), (_, inner) in zip(self.scopes, self.scopes[1:]):
            names += [name for name, child in outer.children.items() if child is inner]
        return names

    def impl(self, at):
        """Notes `impl Type {`, whose methods are called without a path."""
        start, end = at + 1, at + 1
        if self.token(start) == "<":
            start = self.past_angles(start)
        end = start
        while end < len(self.tokens) and self.tokens[end] not in ("{", ";", "where"):
            if self.tokens[end] == "for":
                return
            end = self.past_angles(end) if self.tokens[end] == "<" else end + 1
        path, _ = self.segments(start)
        if path:
            self.methods = set()
            self.methods_at = self.depth + 1
            self.module.impls.append((path, self.place(at, ("impl", *path)), self.methods))

    def past_angles(self, at):
        """Behind the `>` of the `<` that stands here."""
        depth = 0
        while at < len(self.tokens):
            depth += {"<": 1, ">": -1}.get(self.tokens[at], 0)
            at += 1
            if depth == 0:
                break
        return at

    def function(self, name):
        """Notes a function that is no item of the module: a method, or written inside another."""
        own = self.methods is not None and self.depth == self.methods_at
        (self.methods if own else self.module.other_methods).add(name)

    def segments(self, at):
        """The path that begins here, and where the code goes on."""
        path = []
        while NAME.match(self.token(at)) and self.token(at) not in KEYWORDS:
            path.append(self.token(at))
            if self.token(at + 1) != "::":
                return tuple(path), at + 1
            at += 2
        return tuple(path), at

    def path(self, at):
        before = self.token(at - 1)
        path, end = self.segments(at)
        if before == "$" and path[0] != "crate":
            return end
        if before == "::" and self.token(at - 2) in (">", "Self"):
            self.called(path[-1], at)  # the rest of `<Type>::name` or `Self::name`
            return end
        if before == "::":
            path = ("", *path)
        if len(path) > 1:
            self.module.paths.append((path, self.place(at, path)))
            if path[-2][:1].isupper():
                self.called(path[-1], at)
        elif before == "." and self.token(at + 1) in ("(", "::"):
            self.called(path[0], at)
        elif before != "." and self.stands_alone(path[0], at):
            self.module.bare.setdefault(path[0], []).append(self.place(at, path))
        return end

    def called(self, name, at):
        self.module.calls.setdefault(name, []).append(self.place(at, (f".{name}()",)))

    def stands_alone(self, name, at):
        """Types and constants wherever they stand; functions and macros where they are called."""
        return name[0].isupper() or self.token(at + 1) in ("(", "!")

    def use(self, at):
        start = end = at
        if self.token(at - 1) == ")":
            while self.token(start) not in ("(", ""):
                start -= 1
        public = self.token(start - 1) == "pub"
        while end < len(self.tokens) and self.tokens[end] != ";":
            end += 1
        outside = self.token(at + 1) == "::"
        self.use_tree(at + 1 + outside, ("",) if outside else (), public)
        self.end_item(";")
        return end + 1

    def use_tree(self, at, prefix, public):
        """One tree of a `use`, and where the next begins."""
        while True:
            token = self.token(at)
            if token == "{":
                at += 1
                while self.token(at) not in ("}", ""):
                    at = self.use_tree(at, prefix, public)
                    at += self.token(at) == ","
                return at + 1
            if token == "*":
                self.module.globs.append(prefix)
                where = self.place(at, (*prefix, "*"))
                if public:
                    self.module.reexports.append((None, prefix, where))
                else:
                    self.module.paths.append((prefix, where))
                return at + 1
            if token == "::":
                at += 1
            elif NAME.match(token):
                prefix = (*prefix, token)
                at += 1
                if self.token(at) == "::":
                    continue
                return self.imported(at, prefix, public)
            elif token == "$":
                at += 1
            else:
                return at + 1

    def imported(self, at, path, public):
        if path[-1] == "self" and len(path) > 1:
            path = path[:-1]
        where = self.place(at - 1, path)
        name = path[-1]
        if self.token(at) == "as":
            name = self.token(at + 1)
            at += 2
        if name != "_":
            self.module.imports[name] = path
        if public:
            self.module.reexports.append((name, path, where))
        else:
            self.module.paths.append((path, where))
        return at
