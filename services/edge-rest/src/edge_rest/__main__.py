"""``python -m edge_rest``"""

from edge_rest.app import SERVICE, build
from eventlog.service import run

if __name__ == "__main__":
    run(SERVICE, build)
