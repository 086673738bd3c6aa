"""Values that are quick to make are like any other frozen dataclass."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from knowledge.facts import Fact, Kind, Source, State
from knowledge.making import quick_to_make


@quick_to_make
@dataclass(frozen=True, slots=True)
class _Base:
    one: int
    two: str = "two"


@quick_to_make
@dataclass(frozen=True, slots=True)
class _Wider(_Base):
    three: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plain:
    one: int
    two: str = "two"


@pytest.mark.parametrize("made", [_Base(1), _Wider(1, "b", (3,)), Source("Observation/o1")])
def test_nobody_can_change_it(made: _Base | Source) -> None:
    name = "one" if isinstance(made, _Base) else "reference"
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, "other")
    with pytest.raises(FrozenInstanceError):
        delattr(made, name)


def test_members_have_their_values_and_defaults() -> None:
    made = _Wider(1, three=(3,))
    assert (made.one, made.two, made.three) == (1, "two", (3,))
    assert type(made) is _Wider
    assert made == _Wider(1, "two", (3,)) != _Wider(2)
    assert hash(made) == hash(_Wider(1, "two", (3,)))


def test_it_is_replaced_copied_and_pickled() -> None:
    fact = Fact(kind=Kind.VARIANT, state=State.PRESENT, source=Source("Observation/o1"), genes=("EGFR",))
    assert replace(fact, vaf=0.3).vaf == 0.3
    assert copy.deepcopy(fact) == pickle.loads(pickle.dumps(fact)) == fact


def test_it_takes_the_same_arguments_as_before() -> None:
    before = inspect.signature(_Plain)
    after = inspect.signature(quick_to_make(_Plain))
    assert [(p.name, p.kind, p.default) for p in after.parameters.values()] == [
        (p.name, p.kind, p.default) for p in before.parameters.values()
    ]
    with pytest.raises(TypeError, match="positional"):
        _Plain(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing"):
        _Plain()  # type: ignore[call-arg]


def test_a_class_that_does_more_when_it_is_made_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        one: int

        def __post_init__(self) -> None:
            raise AssertionError

    @dataclass(frozen=True, slots=True)
    class WithFactory:
        many: list[int] = field(default_factory=list)

    for refused in (Checked, WithFactory):
        with pytest.raises(TypeError, match="cannot be made quickly"):
            quick_to_make(refused)
