"""Small texts in many scripts, written for these tests, and strategies that make others."""

from hypothesis import strategies as st

ENGLISH = (
    "The ferry left before the fog had lifted, and nobody on the pier could say who was aboard.\n"
    "Mara's well-worn coat hung by the door; 'don't wait,' she had written, in 1987 or thereabouts.\n"
)
CHINESE = "夜雨過橋聲漸遠，\n孤燈照水影還深。\n故人若問歸何處，\n笑指前山一片雲。\n"
RUSSIAN = "Старый мост скрипел под снегом, и река молчала подо льдом.\nЁлка у окна ещё хранила запах леса.\n"
JAPANESE = "古い駅のホームに、だれもいない。\nカラスだけが時刻表を読んでいる。\n"
HINDI = "नदी के किनारे एक पुरानी नाव पड़ी थी।\nबच्चे उसमें बैठकर समुद्र की बातें करते थे।\n"
KOREAN = "바람이 잦아들자 항구의 등불이 하나둘 켜졌다.\n"
THAI = "แม่น้ำไหลช้าๆ ในยามเย็น\n"
EMOJI = "ok 👩‍👩‍👧‍👦 and 🇩🇪🇫🇷🇯 then ❤️ 👍🏽 1️⃣\n"
MARKS = "Zalgo e\u0301\u0323\u0308 and a\u030a, q\u0307 and \u0301alone\n"
EVERYTHING = ENGLISH + CHINESE + RUSSIAN + JAPANESE + HINDI + KOREAN + THAI + EMOJI + MARKS

# Characters at which tokenizers and normalization go wrong, more often than chance would bring them.
_AWKWARD = st.sampled_from(
    [
        *"\r\n\t \0'’-.,!?aZ09éßİ²½漢字かカกำ각한ㄱक्ष।ا",
        *"\u0301\u0308\u0323\u0338\u200d\ufe0f\u20e3\u1100\u1161\u11a8\u0d4e\u0600\u0e33\u0bbe\u0bc6\u1b35\u0344\u2126",
        *"👩👧❤🏽🇩🇪\U000e0067\ue000\x85\xa0\u2028\u3000\ufeff\ufffd\ufffe",
        "\ud800",
        "\udc00",
        "\udfff",
        "\r\n",
        "👩‍👧",
        "  ",
        "don't",
    ]
)
ANY_CHARACTER = st.characters()  # all of Unicode, surrogates included
any_text = st.lists(_AWKWARD | ANY_CHARACTER, max_size=60).map("".join)


def chunked(text: str, sizes: list[int]) -> list[str]:
    """Cuts `text` into chunks of these sizes, over and over."""
    chunks = []
    start = turn = 0
    while start < len(text):
        size = sizes[turn % len(sizes)]
        chunks.append(text[start : start + size])
        start += size
        turn += 1
    return chunks


chunk_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4)
