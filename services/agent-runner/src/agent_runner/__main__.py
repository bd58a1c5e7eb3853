"""``python -m agent_runner``"""

from agent_runner.app import build
from agent_runner.handlers import SERVICE
from eventlog.service import run

if __name__ == "__main__":
    run(SERVICE, build)
