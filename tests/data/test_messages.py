from harness.data.messages import counted, listed, nearest


def test_a_long_list_is_shortened():
    assert listed(["a", "b"]) == "a, b"
    assert listed([]) == "none"
    assert listed(str(n) for n in range(25)).endswith("18, 19 and 5 more")


def test_counts_agree_with_their_noun():
    assert counted(1, "item") == "1 item"
    assert counted(1500, "item") == "1,500 items"


def test_the_nearest_name_is_suggested_only_when_near():
    assert nearest("contxt", ["question", "context"]) == "did you mean 'context'?"
    assert nearest("zzz", ["question", "context"]) is None
