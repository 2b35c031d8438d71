# SPDX-License-Identifier: Apache-2.0
"""``python -m pyrometer``: becomes the executable that was installed with this package."""

import os
import signal
import sys

NAME = "pyrometer"


def candidates():
    """Where installers put the executable, the likeliest and cheapest first. What belongs to this
    copy of the package comes before what this interpreter would use by default; PATH is not
    consulted, since what it holds may be another version."""
    package = os.path.dirname(os.path.realpath(__file__))
    site = os.path.dirname(package)
    # PREFIX/lib/pythonX.Y/site-packages: an environment, the system, --user or --prefix.
    yield os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(site))), "bin", NAME)
    # pip install --target DIR puts it in DIR/bin.
    yield os.path.join(site, "bin", NAME)
    # The source tree: python/pyrometer beside build/.
    yield os.path.join(os.path.dirname(site), "build", NAME)

    import sysconfig

    yield os.path.join(sysconfig.get_path("scripts"), NAME)
    if "posix_user" in sysconfig.get_scheme_names():
        yield os.path.join(sysconfig.get_path("scripts", "posix_user"), NAME)

    # Anywhere else: the installer's own record of what it wrote.
    from importlib import metadata

    try:
        files = metadata.files(NAME) or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == NAME and file.parent.name != NAME:
            yield os.path.realpath(str(file.locate()))


def main():
    for path in candidates():
        if os.path.isfile(path) and os.access(path, os.X_OK):
            break
    else:
        print(
            "pyrometer: the executable that belongs to "
            f"{os.path.dirname(os.path.realpath(__file__))} is missing. "
            "Try: pip install --force-reinstall pyrometer",
            file=sys.stderr,
        )
        return 125
    # Programs are run by this interpreter unless the command line names another.
    os.environ["PYROMETER_PYTHON"] = sys.executable
    # Python ignores these two for itself; the executable must not inherit that.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    sys.stdout.flush()
    try:
        os.execv(path, [path, *sys.argv[1:]])
    except OSError as error:
        print(f"pyrometer: cannot start {path}: {error.strerror}", file=sys.stderr)
        return 125


if __name__ == "__main__":
    sys.exit(main())
