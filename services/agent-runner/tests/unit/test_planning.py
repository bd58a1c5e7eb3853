"""Yes, no, or something else."""

import pytest

from agent_runner.agents.planning import verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            (text, True)
            for text in (
                "네",
                "예, 진행해주세요",
                "응",
                "좋아요",
                "승인합니다",
                "yes",
                "Yes, please",
                "OK",
                "go ahead",
                "Sure!",
            )
        ),
        *(
            (text, False)
            for text in (
                "아니요",
                "취소해주세요",
                "하지 마세요",
                "거절합니다",
                "no",
                "No, thanks",
                "cancel",
                "stop",
                "don't do it",
            )
        ),
        *(
            (text, None)
            for text in (
                "계약 금액을 1000만원으로 수정해주세요",
                "yes, but for $9,000",
                "네, 그런데 기간은 6개월로",
                "no more than $100",
                "why?",
            )
        ),
    ],
)
def test_verdict(text: str, expected: bool | None) -> None:
    assert verdict(text) is expected
