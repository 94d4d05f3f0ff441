"""Reads every crate below a folder and says which file uses what another file defines.

It follows `mod` from every crate's roots, and re-exports to the file where a thing is defined: a
module that only declares and hands on its children uses none of them.

It is no compiler. A method call names no file, so methods that stand outside their type's file are told
apart by name alone (`impls_elsewhere`, `calls_elsewhere`). A macro that is found by its place in the
text, not by a path, is not followed, and a name that a macro makes belongs to the module that its path
ends in.
"""

import os
import tomllib
from collections import defaultdict
from pathlib import Path

from rust_file import FileReader, Module

# Methods that types of the standard library have too.
OF_THE_STANDARD_LIBRARY = frozenset(
    "all any clear close collect connect contains drain extend filter find first flush get insert is_empty"
    " iter join kill last len lock map next open pop position push read recv remove retain send sort spawn"
    " split start take wait write".split()
)


def dependencies(cargo):
    """The names of the crates that a Cargo.toml lists, those for tests and for one platform too."""
    for table, inside in cargo.items():
        if table in ("dependencies", "dev-dependencies", "build-dependencies"):
            yield from inside
        elif table == "target":
            for platform in inside.values():
                yield from dependencies(platform)


class Tree:
    """Every crate below a folder, read."""

    def __init__(self, top):
        self.top = Path(top)
        self.files = {}  # file -> the modules that it is; several where several programs share it
        self.libraries = {}  # name of a crate in code -> its root
        self.lost = []  # `mod` without a file, files without a `mod`
        rust = []
        for folder, inside, names in os.walk(self.top):
            inside[:] = sorted(name for name in inside if name != "target" and not name.startswith("."))
            rust += [self.name(Path(folder, name)) for name in sorted(names) if name.endswith(".rs")]
            if "Cargo.toml" in names:
                self.crate(Path(folder, "Cargo.toml"))
        self.lost += [f"{file}: no `mod` leads here" for file in rust if file not in self.files]

    def crate(self, manifest):
        cargo = tomllib.loads(manifest.read_text(encoding="utf-8"))
        if "package" not in cargo:
            return
        folder = manifest.parent
        name = cargo.get("lib", {}).get("name", cargo["package"]["name"]).replace("-", "_")
        library = folder / cargo.get("lib", {}).get("path", "src/lib.rs")
        crates = {name} | {key.replace("-", "_") for key in dependencies(cargo)}
        roots = {library: False, folder / "src/main.rs": False, folder / "build.rs": False}
        for kind, test in (("src/bin", False), ("tests", True), ("benches", True), ("examples", True)):
            for root in [*folder.glob(f"{kind}/*.rs"), *folder.glob(f"{kind}/*/main.rs")]:
                roots[root] = test
        for kind, test in (("bin", False), ("test", True), ("bench", True), ("example", True)):
            for target in cargo.get(kind, []):
                if "path" in target:
                    roots[folder / target["path"]] = test
        for root, test in roots.items():
            if root.is_file():
                module = Module(self.name(root), None, test, crates)
                if root == library:
                    self.libraries[name] = module
                self.read(module, root, root.parent)

    def name(self, path):
        return path.resolve().relative_to(self.top.resolve()).as_posix()

    def read(self, module, path, children_in):
        module.file = self.name(path)
        self.files.setdefault(module.file, []).append(module)
        FileReader(self, module.file, module, children_in).read()

    def load(self, module, children_in, inline, name, given, declared_in):
        """Reads the file of `mod name;`."""
        folder = children_in.joinpath(*inline)
        if given:
            beside = (self.top / declared_in).parent if not inline else folder
            candidates = [(beside / given, (beside / given).parent)]
        else:
            candidates = [(folder / f"{name}.rs", folder / name), (folder / name / "mod.rs", folder / name)]
        for path, below in candidates:
            if path.is_file():
                return self.read(module, path, below)
        self.lost.append(f"{declared_in}: `mod {name};` has no file")

    def modules(self):
        """Every module once, those written inside files too."""
        waiting = [module for loaded in self.files.values() for module in loaded[:1]]
        seen = set()
        while waiting:
            module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield module
                waiting += [child for child in module.children.values() if child.file == module.file]

    def uses(self):
        """Every (file, Place) where code uses what another file of the tree defines."""
        for module in self.modules():
            for path, place in module.paths:
                yield from self.use_of(module, path, place)
            for name, path, place in module.reexports:
                target = self.resolve(module, path)
                if target is None:
                    continue
                if not target[0].is_under(module):
                    yield from self.use_of(module, path, place)
                else:
                    # Handing on what a child defines is no use of it; using it is.
                    for bare in module.bare.get(name, []):
                        yield from self.use_of(module, path, bare)
            yield from self.uses_by_glob(module)

    def uses_by_glob(self, module):
        """What names that stand alone mean by `use x::*`."""
        for path in module.globs:
            target = self.resolve(module, path) if path else None
            if target is None or not target[1]:
                continue
            for name in module.bare.keys() - module.items - module.imports.keys():
                found = self.look_up(target[0], name, True, frozenset())
                if found is not None:
                    yield from ((found[0].file, place) for place in module.bare[name] if place.file != found[0].file)

    def use_of(self, module, path, place):
        target = self.resolve(module, path)
        if target is not None and target[0].file != place.file:
            yield target[0].file, place

    def impls_elsewhere(self):
        """Every (file of a type, Place, methods) where methods are added to a type outside its file."""
        for module in self.modules():
            for path, place, methods in module.impls:
                for file, _ in self.use_of(module, path, place):
                    yield file, place, methods

    def calls_elsewhere(self):
        """Every (file, Place) where a method may be called that another file adds to a type.

        Told by the method's name alone, where nothing else in the tree has a method of that name and the
        standard library is not known to have one.
        """
        added, defined = {}, defaultdict(set)
        outside = set()
        for _, place, methods in self.impls_elsewhere():
            outside.add(place)
            added.update((name, place.file) for name in methods - OF_THE_STANDARD_LIBRARY)
        for module in self.modules():
            for name in module.other_methods:
                defined[name].add((module.file, False))
            for _, place, methods in module.impls:
                for name in methods:
                    defined[name].add((module.file, place in outside))
        for module in self.modules():
            for name, places in module.calls.items():
                if name in added and len(defined[name]) == 1:
                    yield from ((added[name], place) for place in places if place.file != added[name])

    def resolve(self, module, path, seen=frozenset()):
        """(module that defines what a path names, whether it names the module itself), or None."""
        here, rest = module, list(path)
        if rest[0] == "":
            if rest[1] not in self.libraries or rest[1] not in module.root.crates:
                return None
            here, rest = self.libraries[rest[1]], rest[2:]
        elif rest[0] == "crate":
            here, rest = module.root, rest[1:]
        elif rest[0] in ("self", "super"):
            while rest and rest[0] in ("self", "super"):
                here = here if rest[0] == "self" else here.parent or here
                rest = rest[1:]
        else:
            found = self.look_up(module, rest[0], len(rest) == 1, seen)
            if found is None and rest[0] in self.libraries and rest[0] in module.root.crates:
                found = self.libraries[rest[0]], True
            if found is None or not found[1]:
                return found
            here, rest = found[0], rest[1:]
        for at, name in enumerate(rest):
            found = self.look_up(here, name, at == len(rest) - 1, seen)
            if found is None:
                return here, False
            if not found[1]:
                return found
            here = found[0]
        return here, True

    def look_up(self, module, name, last, seen):
        """What a name means in a module. A module and a function may share one; paths lead through modules."""
        if (id(module), name, last) in seen:
            return None
        seen = seen | {(id(module), name, last)}
        if not last and name in module.children:
            return module.children[name], True
        if name in module.imports:
            found = self.resolve(module, module.imports[name], seen)
            if found is not None:
                return found
        if name in module.items:
            return module, False
        if name in module.children:
            return module.children[name], True
        for path in module.globs:
            target = self.resolve(module, path, seen) if path else None
            if target is not None and target[1]:
                found = self.look_up(target[0], name, last, seen)
                if found is not None:
                    return found
        return None
