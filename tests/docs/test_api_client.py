"""docs/api-client.md: its requests, and that they are answered as it shows."""

from .walkthrough import ROOT, Place, make_folder, set_port

SMALL = {"TALATAT_DEMO_PRODUCTS": "300", "TALATAT_DEMO_ORDERS": "40", "PYTHONPATH": str(ROOT)}


def test_every_request_is_answered_as_shown(tmp_path):
    make_folder(tmp_path)
    with Place(tmp_path, SMALL) as place:
        set_port(place, "development.ini")
        place.serve(f"python -W ignore -m demo development.ini {place.port}")
        place.follow((ROOT / "docs" / "api-client.md").read_text())
