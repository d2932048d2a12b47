"""Energy from counters that stand in for the kernel's and the driver's."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from harness.energy import EnergyMeter

WH = 3_600_000_000  # microjoules
SPAN = 262_143_328_850


def zone(root: Path, folder: str, name: str, energy: int, span: int | None = SPAN) -> Path:
    place = root / folder
    place.mkdir()
    (place / "name").write_text(f"{name}\n")
    (place / "energy_uj").write_text(f"{energy}\n")
    if span is not None:
        (place / "max_energy_range_uj").write_text(f"{span}\n")
    return place / "energy_uj"


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it fails


def test_packages_are_summed_and_what_is_inside_or_around_them_left_out(tmp_path: Path) -> None:
    first = zone(tmp_path, "intel-rapl:0", "package-0", 5 * WH)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 7 * WH)
    others = [
        zone(tmp_path, "intel-rapl:0:0", "core", 0),
        zone(tmp_path, "intel-rapl:1:0", "package-like", 0),
        zone(tmp_path, "intel-rapl:2", "psys", 0),
        zone(tmp_path, "intel-rapl-mmio:0", "package-0", 0),
    ]
    meter = EnergyMeter(tmp_path)
    meter.start()
    first.write_text(str(6 * WH))
    second.write_text(str(7 * WH + WH // 2))
    for file in others:
        file.write_text(str(40 * WH))
    assert meter.stop() == pytest.approx(1.5)


def test_a_wrap_between_two_readings_is_seen_and_polling_sees_several(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", SPAN - WH)
    meter = EnergyMeter(tmp_path, every=0)
    meter.start()
    file.write_text(str(2 * WH))
    meter.poll()  # + 3
    file.write_text(str(SPAN - 2 * WH))
    meter.poll()  # + SPAN - 4
    file.write_text(str(WH))  # + 3
    assert meter.stop() == pytest.approx(SPAN / WH + 2)


def test_polling_is_rare_unless_time_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("harness.energy.time", SimpleNamespace(monotonic=lambda: now[0]))
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(tmp_path, every=10)
    meter.start()
    file.write_text(str(SPAN - WH))
    now[0] += 9.9
    meter.poll()  # too early: the reading is not seen
    file.write_text(str(WH))
    now[0] += 0.1
    meter.poll()
    file.write_text(str(3 * WH))
    now[0] += 9.9  # counted from the last reading
    meter.poll()
    file.write_text(str(2 * WH))
    assert meter.stop() == pytest.approx(1 + 1), "1 at the second poll, 1 at the end"


@pytest.mark.parametrize("lost", ["removed", "not a number"])
def test_a_counter_lost_on_the_way_makes_all_unknown(tmp_path: Path, lost: str) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(tmp_path, every=0)
    meter.start()
    if lost == "removed":
        file.unlink()
    else:
        file.write_text("?")
    meter.poll()
    file.write_text(str(WH))
    assert math.isnan(meter.stop())


def test_a_wrap_of_unknown_size_makes_all_unknown(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", WH, span=None)
    meter = EnergyMeter(tmp_path)
    meter.start()
    file.write_text(str(2 * WH))
    assert meter.stop() == pytest.approx(1)
    meter.start()
    file.write_text("0")
    assert math.isnan(meter.stop())


def test_some_of_the_processors_are_not_taken_for_all(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    zone(tmp_path, "intel-rapl:1", "package-1", 0).unlink()
    meter = EnergyMeter(tmp_path)
    meter.start()
    file.write_text(str(WH))
    assert math.isnan(meter.stop())


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_without_a_counter_the_energy_is_unknown(tmp_path: Path, folder: str) -> None:
    meter = EnergyMeter(tmp_path / folder, every=0)
    assert math.isnan(meter.stop()), "not started"
    meter.start()
    meter.poll()
    assert math.isnan(meter.stop())


def test_each_start_begins_from_0_and_nothing_counts_after_the_stop(tmp_path: Path) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(tmp_path, every=0)
    meter.start()
    file.write_text(str(4 * WH))
    assert meter.stop() == pytest.approx(4)
    file.write_text(str(9 * WH))
    meter.poll()
    assert meter.stop() == pytest.approx(4)
    meter.start()
    file.write_text(str(10 * WH))
    assert meter.stop() == pytest.approx(1)


class Driver:
    """Stands in for NVML with one GPU, whose counter is in millijoules."""

    class NVMLError(Exception):
        """What the driver raises, whatever is wrong."""

    def __init__(self) -> None:
        self.millijoules = 10**9
        self.installed = True
        self.fails = False

    def nvmlInit(self) -> None:
        if not self.installed:
            raise self.NVMLError("no driver")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        assert uuid == "GPU-1234-second"
        return "second"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        assert handle == "second"
        if self.fails:
            raise self.NVMLError("not supported")
        return self.millijoules


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    driver = Driver()
    devices = [SimpleNamespace(uuid="1234-first"), SimpleNamespace(uuid="1234-second")]
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", devices.__getitem__)
    return driver


def test_the_current_gpu_is_added(tmp_path: Path, driver: Driver) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = EnergyMeter(tmp_path)
    meter.start()
    file.write_text(str(WH))
    driver.millijoules += 2 * WH // 1000
    assert meter.stop() == pytest.approx(3)


def test_a_gpu_whose_counter_fails_on_the_way_makes_all_unknown(
    tmp_path: Path, driver: Driver
) -> None:
    meter = EnergyMeter(tmp_path)
    meter.start()
    driver.millijoules += 3_600_000
    assert meter.stop() == pytest.approx(1), "the GPU alone has a meter"
    meter.start()
    driver.fails = True
    assert math.isnan(meter.stop())


@pytest.mark.parametrize("missing", ["driver", "counter", "use"])
def test_a_gpu_that_does_not_count_is_left_out(
    missing: str, tmp_path: Path, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    if missing == "use":
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    driver.installed = missing != "driver"
    driver.fails = missing == "counter"
    meter = EnergyMeter(tmp_path)
    meter.start()
    file.write_text(str(WH))
    driver.millijoules += 3_600_000
    assert meter.stop() == pytest.approx(1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_gpu_uses_energy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pynvml")
    pytest.importorskip("pynvml")
    meter = EnergyMeter(tmp_path)
    meter.start()
    block = torch.ones(4096, 4096, device="cuda")
    for _ in range(200):
        block = block @ block / 4096
    torch.cuda.synchronize()
    assert 0 < meter.stop() < 10
