"""Amounts in words and figures become one plain form."""

import pytest

from agent_runner.agents.models.amounts import find_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("계약 금액을 1000만원으로 수정해주세요", "10,000,000원"),
        ("1,000만 원", "10,000,000원"),
        ("3백만원", "3,000,000원"),
        ("2억 5천만원", "250,000,000원"),
        ("1.5억원", "150,000,000원"),
        ("2,500,000원", "2,500,000원"),
        ("change it to $5,000", "$5,000"),
        ("$1.25 million", "$1,250,000"),
        ("5 million won", "₩5,000,000"),
        ("make it 20k euros", "€20,000"),
        ("99.5 dollars", "$99.50"),
        ("기간을 6개월로", None),
        ("in 2023", None),
    ],
)
def test_find_amount(text: str, amount: str | None) -> None:
    assert find_amount(text) == amount
