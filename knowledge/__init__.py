"""The domain: facts, criteria, the therapy knowledge base, evaluation."""

from knowledge.evaluation import Finding, Layer, Outcome, evaluate
from knowledge.evidence import EvidenceStatement
from knowledge.evidence_findings import EvidenceFinding, evaluate_evidence
from knowledge.facts import Fact, Kind, Origin, Source, State
from knowledge.loading import KnowledgeBase, KnowledgeError, load_knowledge_base
from knowledge.verdicts import Verdict

__all__ = [
    "EvidenceFinding",
    "EvidenceStatement",
    "Fact",
    "Finding",
    "Kind",
    "KnowledgeBase",
    "KnowledgeError",
    "Layer",
    "Origin",
    "Outcome",
    "Source",
    "State",
    "Verdict",
    "evaluate",
    "evaluate_evidence",
    "load_knowledge_base",
]
