from tests.support.opening import open_house  # noqa: F401 - a fixture
