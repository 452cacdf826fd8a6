"""Right answers of our own to some exercises, each written anew from the task alone.

Each stands for a learner who has seen nobody's work. They are what `bench_similarity`
calls honest, and what it makes copies of. ``RIGHT[slug, exercise]`` has them as text,
for nothing here is run but by the tests that prove them right.
"""

from __future__ import annotations

RIGHT: dict[tuple[str, str], tuple[str, ...]] = {
    ("workflow", "wilson"): (
        """
def wilson(right, m, z=1.96):
    p = right / m
    denom = 1 + z * z / m
    centre = p + z * z / (2 * m)
    spread = z * math.sqrt(p * (1 - p) / m + z * z / (4 * m * m))
    low = (centre - spread) / denom
    high = (centre + spread) / denom
    return max(low, 0.0), min(high, 1.0)
""",
        """
def wilson(right: int, m: int, z: float = 1.96) -> tuple[float, float]:
    wrong = m - right
    centre = (right + z**2 / 2) / (m + z**2)
    width = z / (m + z**2) * math.sqrt(right * wrong / m + z**2 / 4)
    bounds = [centre - width, centre + width]
    bounds = [min(max(bound, 0.0), 1.0) for bound in bounds]
    return bounds[0], bounds[1]
""",
        """
def wilson(right, m, z=1.96):
    # p**2 (1 + z2/m) - p (2 phat + z2/m) + phat**2 = 0
    phat = right / m
    z2 = z**2
    roots = np.roots([1 + z2 / m, -(2 * phat + z2 / m), phat**2])
    roots = sorted(float(r.real) for r in roots)
    return max(0.0, roots[0]), min(1.0, roots[1])
""",
    ),
    ("workflow", "count_terms"): (
        """
def count_terms(texts, vocabulary):
    index = {}
    for number, term in enumerate(vocabulary):
        index[term] = number
    result = np.zeros((len(texts), len(vocabulary)))
    for row, text in enumerate(texts):
        for position in range(len(text)):
            one = text[position]
            two = text[position : position + 2]
            if one in index:
                result[row][index[one]] += 1
            if len(two) == 2 and two in index:
                result[row][index[two]] += 1
    return result
""",
        """
def count_terms(texts, vocabulary):
    def occurrences(text, term):
        n = len(term)
        return sum(text[k : k + n] == term for k in range(len(text) - n + 1))

    table = [[occurrences(text, term) for term in vocabulary] for text in texts]
    return np.asarray(table, float).reshape(len(texts), len(vocabulary))
""",
        """
def count_terms(texts, vocabulary):
    out = np.zeros((len(texts), len(vocabulary)))
    vocab = list(vocabulary)
    for i in range(len(texts)):
        grams = list(texts[i])
        grams += ["".join(two) for two in zip(texts[i], texts[i][1:])]
        for j in range(len(vocab)):
            out[i, j] = grams.count(vocab[j])
    return out
""",
    ),
    ("workflow", "clean_split"): (
        """
def clean_split(keys, share, seed):
    rng = np.random.default_rng(seed)
    distinct = sorted(set(keys), key=str)
    rng.shuffle(distinct)
    target = share * len(keys)
    test_keys = set()
    size = 0
    for key in distinct:
        if size >= target:
            break
        test_keys.add(key)
        size += sum(1 for k in keys if k == key)
    kept = [i for i in range(len(keys)) if keys[i] not in test_keys]
    held = [i for i in range(len(keys)) if keys[i] in test_keys]
    return kept, held
""",
        """
def clean_split(keys, share, seed):
    import random

    where = collections.defaultdict(list)
    for n, k in enumerate(keys):
        where[k].append(n)
    names = list(where)
    random.Random(seed).shuffle(names)
    held_out = []
    while names and len(held_out) + 0.5 < share * len(keys):
        held_out += where[names.pop()]
    kept = [n for name in names for n in where[name]]
    return sorted(kept), sorted(held_out)
""",
    ),
    ("metrics", "auc"): (
        """
def auc(y, score):
    positives = [float(s) for t, s in zip(y, score) if t == 1]
    negatives = [float(s) for t, s in zip(y, score) if t == 0]
    wins = 0.0
    for p in positives:
        for n in negatives:
            if p > n:
                wins += 1
            elif p == n:
                wins += 0.5
    return wins / (len(positives) * len(negatives))
""",
        """
def auc(y, score):
    from scipy.stats import rankdata

    ranks = rankdata(score.numpy())
    is_one = y.numpy() == 1
    n1, n0 = is_one.sum(), (~is_one).sum()
    u = ranks[is_one].sum() - n1 * (n1 + 1) / 2
    return float(u / (n1 * n0))
""",
        """
def auc(y, score):
    pos = score[y == 1].double()
    neg = score[y == 0].double()
    diff = pos.unsqueeze(1) - neg.unsqueeze(0)
    wins = (torch.sign(diff) + 1) / 2
    return float(wins.mean())
""",
    ),
    ("layers", "zigzag"): (
        """
def zigzag(L):
    layers = [(torch.tensor([[1.0], [1.0]]), torch.tensor([0.0, -0.5]))]
    for _ in range(L - 1):
        W = torch.tensor([[2.0, -4.0], [2.0, -4.0]])
        b = torch.tensor([0.0, -0.5])
        layers.append((W, b))
    layers.append((torch.tensor([[2.0, -4.0]]), torch.tensor([0.0])))
    return layers
""",
        """
def zigzag(L):
    # tent(x) = 2 - 2 relu(1 - 2... written with x and x - 1/2, as in the text
    shift = -torch.tensor([0.0, 1.0]) / 2
    out_weights = 2 * torch.tensor([[1.0, -2.0]])
    net = []
    for depth in range(L + 1):
        if depth == 0:
            net.append((torch.ones(2, 1), shift))
        elif depth < L:
            net.append((torch.cat([out_weights, out_weights]), shift))
        else:
            net.append((out_weights, torch.zeros(1)))
    return net
""",
    ),
    ("convolution", "convolve"): (
        """
def convolve(x, W, b, stride=1, padding=0):
    c, h, w = x.shape
    k, _, f, _ = W.shape
    padded = torch.zeros(c, h + 2 * padding, w + 2 * padding, dtype=x.dtype)
    padded[:, padding : padding + h, padding : padding + w] = x
    out_h = (h + 2 * padding - f) // stride + 1
    out_w = (w + 2 * padding - f) // stride + 1
    out = torch.zeros(k, out_h, out_w, dtype=x.dtype)
    for filt in range(k):
        for r in range(out_h):
            for s in range(out_w):
                y, x0 = r * stride, s * stride
                patch = padded[:, y : y + f, x0 : x0 + f]
                out[filt, r, s] = torch.sum(patch * W[filt]) + b[filt]
    return out
""",
        """
def convolve(x, W, b, stride=1, padding=0):
    size = W.shape[2]
    columns = F.unfold(x[None], size, padding=padding, stride=stride)
    answer = W.reshape(len(W), -1) @ columns[0] + b.reshape(-1, 1)
    height = output_size(x.shape[1], size, stride, padding)
    width = output_size(x.shape[2], size, stride, padding)
    return answer.reshape(len(W), height, width)
""",
        """
def convolve(x, W, b, stride=1, padding=0):
    f = W.shape[-1]
    x = F.pad(x, (padding, padding, padding, padding))
    H = output_size(x.shape[1], f, stride, 0)
    V = output_size(x.shape[2], f, stride, 0)
    z = b[:, None, None].repeat(1, H, V)
    for u in range(f):
        for v in range(f):
            shifted = x[:, u : u + stride * H : stride, v : v + stride * V : stride]
            z = z + torch.einsum("oc,chw->ohw", W[:, :, u, v], shifted)
    return z
""",
    ),
    ("transformer", "sinusoidal_positions"): (
        """
def sinusoidal_positions(n, d, base=10_000.0):
    out = torch.zeros(n, d)
    position = torch.arange(n).float().unsqueeze(1)
    frequency = base ** (-torch.arange(0, d, 2).float() / d)
    out[:, 0::2] = torch.sin(position * frequency)
    out[:, 1::2] = torch.cos(position * frequency)
    return out
""",
        """
def sinusoidal_positions(n, d, base=10_000.0):
    rows = []
    for t in range(n):
        row = []
        for i in range(d // 2):
            a = t / base ** (2 * i / d)
            row += [math.sin(a), math.cos(a)]
        rows.append(row)
    return torch.tensor(rows).reshape(n, d)
""",
    ),
    ("comparison", "paired_interval"): (
        """
def paired_interval(a, b, level=0.95):
    diff = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    n = diff.size
    se = diff.std(ddof=1) / np.sqrt(n)
    t = stats.t.ppf(0.5 + level / 2, df=n - 1)
    return float(diff.mean() - t * se), float(diff.mean() + t * se)
""",
        """
def paired_interval(a, b, level=0.95):
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    d = a - b
    average = d.mean().item()
    deviation = (((d - average) ** 2).sum() / (len(d) - 1)).sqrt().item()
    alpha = 1 - level
    factor = stats.t(len(d) - 1).isf(alpha / 2)
    margin = factor * deviation / len(d) ** 0.5
    return average - margin, average + margin
""",
    ),
    ("news-classification", "tf_idf"): (
        """
def tf_idf(train_counts, test_counts):
    n = train_counts.shape[0]
    document_frequency = np.sum(train_counts > 0, axis=0)
    weights = 1 + np.log((n + 1) / (document_frequency + 1))
    result = []
    for counts in (train_counts, test_counts):
        weighted = counts * weights
        norms = np.sqrt((weighted * weighted).sum(axis=1))
        norms[norms == 0] = 1.0
        result.append(weighted / norms[:, None])
    return result[0], result[1]
""",
        """
def tf_idf(train_counts, test_counts):
    def normalise(matrix):
        out = np.zeros(matrix.shape)
        for i, row in enumerate(matrix):
            size = math.sqrt(sum(v * v for v in row))
            if size > 0:
                out[i] = row / size
        return out

    seen_in = np.array([np.count_nonzero(column) for column in train_counts.T])
    idf = np.log(1 + len(train_counts)) - np.log(1 + seen_in) + 1
    return normalise(train_counts * idf), normalise(test_counts * idf)
""",
    ),
    ("stochastic-gradients", "gradient_noise"): (
        """
def gradient_noise(gradients, size, replace):
    count = gradients.shape[0]
    centre = gradients.mean(dim=0, keepdim=True)
    total = torch.sum((gradients - centre) ** 2, dim=1).mean()
    if not replace:
        total = total * (count - size) / (count - 1)
    return total / size
""",
        """
def gradient_noise(gradients, size, replace):
    variance = gradients.var(dim=0, correction=0).sum()
    if replace:
        return variance / size
    n = len(gradients)
    return variance / size * (1 - (size - 1) / (n - 1))
""",
    ),
}
