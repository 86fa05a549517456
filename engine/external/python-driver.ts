/**
 * The driver of Python programs: a small Python program that runs the model's program, followed by one test. Its
 * JavaScript counterpart is `javascript-driver.ts`.
 *
 * A driver reads its job from stdin: `{"program", "test", "loaded", "ended"}`. The last two are random words. After loading
 * the program it writes `loaded` alone on a line of stdout, and at the end `ended` with the result: `passed`, or `program`
 * or `test` (where it failed) and the error as JSON. So a program that exits early, with any status, or prints arbitrary
 * text does not pass.
 *
 * Everything that decides is fixed before the program is loaded: the test is compiled, functions are saved, and
 * JavaScript's `assert` is frozen and used by the test even if the program defines its own. A program fails if it changes
 * what tests rely on: built-ins, and in Python functions of modules that the test imports. In the comparisons of a Python
 * test, an instance of a class that the program defines with its own comparisons only equals instances of that class.
 *
 * This guards against shortcuts, not against an adversary. The program runs in the process that judges it, with the same
 * rights: it can search that process for the word (frames and the garbage collector in Python, an inspector in JavaScript,
 * memory in both), read the test there and return just the expected values, change a built-in during a test and restore it
 * in time, or tamper with modules that the driver does not check. To rule that out, compare values in another process.
 */

export const PYTHON_DRIVER = `
import ast, builtins, importlib, json, operator, os, sys, types

OPERATORS = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}

class Compared(ast.NodeTransformer):
    """Sends the comparisons of a test through a function."""

    def __init__(self, name):
        self.name = name

    def visit_Compare(self, node):
        self.generic_visit(node)
        kinds = [ast.Constant(type(op).__name__) for op in node.ops]
        operands = [node.left] + node.comparators
        call = ast.Call(ast.Name(self.name, ast.Load()), [ast.Tuple(kinds, ast.Load())] + operands, [])
        return ast.fix_missing_locations(ast.copy_location(call, node))

def comparison():
    """Compares, where values of a class whose code is in no file equal only values of that class."""
    operators = {op.__name__: how for op, how in OPERATORS.items()}
    methods = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
    native, function = (types.WrapperDescriptorType, types.MethodDescriptorType), types.FunctionType
    isabs, kind = os.path.isabs, type

    def made_up(value):
        for name in methods:
            how = getattr(kind(value), name)
            if kind(how) in native and how.__name__ == name:
                continue
            file = how.__code__.co_filename if kind(how) is function else ""
            if not isabs(file) and not file.startswith("<frozen "):
                return True
        return False

    def may_equal(a, b, depth=0):
        if kind(a) is not kind(b) and (made_up(a) or made_up(b)):
            return False
        if depth < 50 and isinstance(a, dict) and isinstance(b, dict):
            return all(may_equal(a[key], b[key], depth + 1) for key in a if key in b)
        if depth < 50 and isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
            return all(may_equal(x, y, depth + 1) for x, y in zip(a, b))
        return True

    def compared(names, *operands):
        for at, name in enumerate(names):
            a, b = operands[at], operands[at + 1]
            if name in ("In", "NotIn") and isinstance(b, (list, tuple)):
                b = [each for each in b if may_equal(a, each)]
            elif name in ("Eq", "NotEq") and not may_equal(a, b):
                a, b = 0, 1
            elif name in ("Lt", "LtE", "Gt", "GtE") and not may_equal(a, b):
                raise TypeError("values of different classes have no order")
            result = operators[name](a, b)
            # the last result may be none that is true or false, such as an array
            if at + 1 == len(names) or not result:
                return result

    return compared

def held(module):
    """What of a module must stay: its functions and classes, and theirs."""
    found = []
    for name, value in list(vars(module).items()):
        if callable(value):
            found.append((module, name, value))
            if isinstance(value, type):
                found.extend((value, key, inner) for key, inner in list(vars(value).items()) if callable(inner))
    return found

def keep(word):
    """Leaves a word to the system: no variable of a frame holds it until it is read from the number returned."""
    reading, writing = os.pipe()
    os.write(writing, word)
    os.close(writing)
    return reading

def run():
    job = json.loads(sys.stdin.buffer.read())
    program, test, loaded, ended = job["program"], job["test"], job["loaded"].encode(), keep(job.pop("ended").encode())
    fd, write, read, leave, dumps, execute, load = os.dup(1), os.write, os.read, os._exit, json.dumps, exec, compile
    settrace, setprofile, text_of, kind, read_vars, len_of = sys.settrace, sys.setprofile, str, type, vars, len
    flush = (sys.stdout.flush, sys.stderr.flush)
    module = types.ModuleType("program")
    sys.modules["program"] = module
    names = module.__dict__
    guard = "_" + os.urandom(8).hex()
    compared = comparison()
    native = dict(vars(builtins))

    def untraced():
        settrace(None)
        setprofile(None)

    def told(where, error):
        for stream in flush:
            try:
                stream()
            except BaseException:
                pass
        said = b" passed" if error is None else b" " + where.encode() + b" " + dumps(error).encode()
        write(fd, b"\\n" + read(ended, 100) + said + b"\\n")
        leave(0)

    code = wrong = None
    used, made, watched = set(), set(), held(builtins)
    try:
        tree = ast.parse(test, "test.py")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                made.add(node.name)
            elif isinstance(node, ast.arg):
                made.add(node.arg)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                made.update((each.asname or each.name).split(".")[0] for each in node.names)
                for name in [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]:
                    try:
                        watched += held(importlib.import_module(name))
                    except BaseException:
                        pass  # the test itself will say so
        code = compile(Compared(guard).visit(tree), "test.py", "exec")
    except BaseException as error:
        wrong = error
    asked = used - made

    def changed():
        for owner, name, value in watched:
            if read_vars(owner).get(name) is not value:
                return name
        # a task may ask for a function that is called like a built-in: then the test asks for no other
        own = [name for name in asked if name in names and name != guard]
        replaced = [name for name in own if name in native and names[name] is not native[name]]
        return replaced[0] if replaced and len_of(replaced) < len_of(own) else None

    where = "program"
    try:
        execute(load(program, "program.py", "exec"), names)
        write(fd, b"\\n" + loaded + b"\\n")
        where = "test"
        if wrong is not None:
            raise wrong
        name = changed()
        if name is None:
            names[guard] = compared
            untraced()
            execute(code, names)
            name = changed()
        if name is not None:
            untraced()
            told("test", "the program changes " + name + ", which the test may rely on")
    except BaseException as error:
        text = text_of(error).strip().split("\\n")[0][:300]
        line = None
        at = error.__traceback__
        while at is not None:
            if at.tb_frame.f_code.co_filename == "test.py":
                line = at.tb_lineno
            at = at.tb_next
        lines = test.split("\\n")
        if not text and line is not None and line <= len_of(lines):
            text = lines[line - 1].strip()[:300]
        untraced()
        told(where, kind(error).__name__ + (": " + text if text else ""))
    untraced()
    told("test", None)

run()
`;
