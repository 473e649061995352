from learning.accounts.audit import Deed, Facts, Names, register_deed


def _of_wish(facts: Facts, names: Names) -> list[str]:
    return [f"{facts['count']} wishes"]


WISH = register_deed(Deed("wish", "Wish", _of_wish, did={"granted": "Granted"}))
