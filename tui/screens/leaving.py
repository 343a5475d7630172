"""What is asked before the app ends: once, about everything that goes on."""


def quit_question(*, answers: int, pulls: int, temporary: bool) -> tuple[str, str] | None:
    """Return the question and what there is to know, or None where nothing is to be asked.

    Args:
        answers: How many answers are being written.
        pulls: How many models are being fetched.
        temporary: A conversation is open that is stored nowhere.
    """
    going: list[str] = []
    known: list[str] = []
    if answers:
        going.append("an answer is being written" if answers == 1 else f"{answers} answers are being written")
        known.append("What has arrived of an answer is kept.")
    if pulls:
        going.append("a model is being fetched" if pulls == 1 else f"{pulls} models are being fetched")
        known.append("What has arrived of a model stays at its server: pulling it again goes on from there.")
    if temporary:
        going.append("a temporary conversation is open")
        known.append("A temporary conversation is stored nowhere.")
    if not going:
        return None
    last = going.pop()
    words = f"{', '.join(going)} and {last}" if going else last
    return f"{words[0].upper()}{words[1:]}. Quit?", "\n".join(known)
