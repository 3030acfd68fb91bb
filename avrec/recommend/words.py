"""Words: tokens in many languages, and TF-IDF fitted on the whole library.

Chinese and Japanese runs are cut with a dictionary (rjieba); a plain word pattern would take a whole run as one
token, and two texts about the same thing would share nothing. Stop words stay: on small libraries idf handles them.
"""

import copy
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import scipy.sparse as sp

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
COMMON_SHARE, FEW = 4, 3
HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def tokenize(text: str) -> list[str]:
    """Cut text into lower-case tokens; runs of Han characters or kana become dictionary words."""
    tokens: list[str] = []
    for token in TOKEN.findall(text.lower()):
        if HAN.search(token):
            tokens += _cut(token)
        else:
            tokens.append(token)
    return tokens


def _cut(token: str) -> list[str]:
    import rjieba

    return [word for word in rjieba.cut(token) if word.strip()]


class WordIndex:
    """TF-IDF of the library's documents.

    Attributes:
        matrix: (clips, vocabulary) CSR, rows of length 1 (zero rows where a document has no word).
    """

    def __init__(self, documents: Sequence[str]):
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(tokenizer=tokenize, token_pattern=None, lowercase=False)
        if any(tokenize(document) for document in documents):
            self.matrix = sp.csr_matrix(self._vectorizer.fit_transform(documents))
            self.vocabulary = self._vectorizer.get_feature_names_out()
        else:
            self.matrix = sp.csr_matrix((len(documents), 1))
            self.vocabulary = np.array([""])
        self._index()

    def _index(self) -> None:
        self.present = np.diff(self.matrix.indptr) > 0
        self._columns = self.matrix.T.tocsr()

    def with_matrix(self, matrix: sp.csr_matrix) -> "WordIndex":
        """The same vocabulary over other rows."""
        other = copy.copy(self)
        other.matrix = matrix
        other._index()
        return other

    def cosines(self, rows: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Cosines of some documents with others, (rows, columns) float64."""
        others = self._columns if isinstance(columns, slice) else self.matrix[columns].T.tocsr()
        found = (self.matrix[rows] @ others).toarray()
        return found[:, columns] if isinstance(columns, slice) else found

    def query(self, text: str) -> sp.csr_matrix:
        """A text's TF-IDF row in the library's vocabulary, (1, vocabulary)."""
        if len(self.vocabulary) == 1 and not self.vocabulary[0]:
            return sp.csr_matrix((1, 1))
        return sp.csr_matrix(self._vectorizer.transform([text]))

    def statement(self, text: str) -> sp.csr_matrix:
        """A person's own sentence as a row of length 1 at most, (1, vocabulary).

        Each word weighs tf x idf x (idf - 1), so that in a text of one line an "and" does not weigh as much as its
        subject; words that no clip has take their share of the length, or the "and" alone would be left.
        """
        at = {word: i for i, word in enumerate(self.vocabulary)}
        counts = Counter(tokenize(text))
        clips = self.matrix.shape[0]
        unknown = np.log(1 + clips) + 1
        idf = getattr(self._vectorizer, "idf_", np.full(len(at), unknown))
        weights = {}
        for word, count in counts.items():
            f = float(idf[at[word]]) if word in at else unknown
            weights[word] = count * f * (f - 1)
        length = np.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        known = [word for word in weights if word in at]
        places = np.zeros(len(known), dtype=int), np.array([at[word] for word in known], dtype=int)
        values = np.array([weights[word] / length for word in known], dtype=float)
        return sp.csr_matrix((values, places), shape=(1, len(self.vocabulary)))

    def shared(self, a: int, b: int, k: int = 3) -> list[str]:
        """The words that carry most of two clips' cosine; neither stop words nor what every fourth clip says."""
        at, data, start = self.matrix.indices, self.matrix.data, self.matrix.indptr
        of_a, of_b = slice(start[a], start[a + 1]), slice(start[b], start[b + 1])
        common, in_a, in_b = np.intersect1d(at[of_a], at[of_b], assume_unique=True, return_indices=True)
        order = np.argsort(-data[of_a][in_a] * data[of_b][in_b], kind="stable")
        return [str(self.vocabulary[common[i]]) for i in order if self._telling[common[i]]][:k]

    @cached_property
    def _telling(self) -> np.ndarray:
        """(vocabulary,) words that say something about a clip."""
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        documents = self.matrix.shape[0]
        seldom = self.matrix.getnnz(axis=0) <= max(documents / COMMON_SHARE, FEW)
        named = [len(w) > 2 or bool(HAN.search(w)) for w in self.vocabulary]
        return seldom & np.array(named) & ~np.isin(self.vocabulary, list(ENGLISH_STOP_WORDS))
