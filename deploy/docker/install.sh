#!/bin/sh
# Installs what /requirements.txt pins; with names, our own packages of these names instead, and notes what the
# image then holds.
set -eu
pip() { /opt/build/bin/pip --python /opt/parley install --no-cache-dir --disable-pip-version-check --quiet "$@"; }

if [ $# -eq 0 ]; then
    pip --require-hashes --only-binary :all: --requirement /requirements.txt
    exit
fi
for name in "$@"; do
    case $name in
    parley) pip --no-deps /wheels/parley-[0-9]*.whl ;;
    *) pip --no-deps /wheels/parley_"$name"-[0-9]*.whl ;;
    esac
done
/opt/build/bin/cyclonedx-py environment --output-file /opt/parley/sbom.cdx.json /opt/parley/bin/python
