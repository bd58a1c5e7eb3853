#!/bin/sh
# Installs what /requirements.txt pins and the packages of ours that are named, and notes what the image then holds.
set -eu
pip() { /opt/build/bin/pip --python /opt/parley install --no-cache-dir --disable-pip-version-check --quiet "$@"; }

pip --require-hashes --only-binary :all: --requirement /requirements.txt
for name in "$@"; do
    case $name in
    parley) set -- /wheels/parley-[0-9]*.whl ;;
    *) set -- /wheels/parley_"$name"-[0-9]*.whl ;;
    esac
    pip --no-deps "$1"
done
/opt/build/bin/cyclonedx-py environment --output-file /opt/parley/sbom.cdx.json /opt/parley/bin/python
