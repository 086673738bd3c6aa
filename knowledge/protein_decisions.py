"""How a question about a protein is decided that several tests answer, each on its own."""

from __future__ import annotations

from knowledge import notes
from knowledge.criteria import AllOf, AnyOf, ByAnyTest, Criterion, Not, NotKnown
from knowledge.decisions import Decision, decide
from knowledge.patient import Patient
from knowledge.verdicts import Verdict, conjunction, disjunction, negation


@decide.register
def _(criterion: ByAnyTest, patient: Patient) -> Decision:
    answers = [_answer(test, patient) for test in criterion.tests]
    decided = [answer for answer in answers if answer.verdict is not Verdict.UNKNOWN]
    facts = tuple(dict.fromkeys(fact for answer in decided or answers for fact in answer.facts))
    verdicts = {answer.verdict for answer in decided}
    if len(verdicts) == 1:
        return Decision(verdicts.pop(), facts)
    if verdicts:
        return Decision(Verdict.UNKNOWN, facts, note=notes.TESTS_CONTRADICT)
    return Decision(Verdict.UNKNOWN, facts, note=notes.RESULTS_DO_NOT_TELL if facts else notes.NO_RESULT)


def _answer(test: Criterion, patient: Patient) -> Decision:
    """What one test comes to, with the facts that say so."""
    if isinstance(test, Not):
        answer = _answer(test.criterion, patient)
        return Decision(negation(answer.verdict), answer.facts)
    if isinstance(test, AllOf | AnyOf):
        parts = [_answer(part, patient) for part in test.criteria]
        verdict = (conjunction if isinstance(test, AllOf) else disjunction)(part.verdict for part in parts)
        return Decision(verdict, tuple(fact for part in parts if part.verdict is verdict for fact in part.facts))
    if isinstance(test, NotKnown):
        raise TypeError("a test is not answered by a gap")
    return decide(test, patient)
