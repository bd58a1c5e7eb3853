"""Positions in the log, as they are rewritten when a conversation is brought in elsewhere."""

import pytest

from contracts.envelope import TYPE
from contracts.events import CheckpointSaved, NodeCompleted
from eventlog.admin.portable import Line, NotPortable, Places, placed

PLACES = Places().followed_by([50], 3).followed_by([60, 70], 4)


@pytest.mark.parametrize(("base", "here"), [(50, 3), (55, 4), (99, 4)])
def test_every_checkpoint_says_where_its_values_are_found(base: int, here: int) -> None:
    checkpoint = {"checkpoint_id": "c", "base": base}
    alone = Line(60, "checkpoint.saved.root", {TYPE: CheckpointSaved.type}, checkpoint)
    assert placed(alone, PLACES)["base"] == here
    payload = {"run_id": "r", "message_sequence": 50, "checkpoints": [checkpoint, checkpoint]}
    carried = placed(Line(60, "run.node_completed.root", {TYPE: NodeCompleted.type}, payload), PLACES)
    assert [each["base"] for each in carried["checkpoints"]] == [here, here]
    assert carried["message_sequence"] == 3


@pytest.mark.parametrize("said", [49, 55, 71])
def test_an_answer_to_what_is_not_in_the_file_is_refused(said: int) -> None:
    with pytest.raises(NotPortable, match=f"event {said}"):
        placed(Line(60, "run.started.root", {TYPE: "run.started"}, {"message_sequence": said}), PLACES)
