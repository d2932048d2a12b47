# The main job in a container, on the CPU or on a GPU (docs/guides/in-a-container.md):
#   docker build -t ablation-harness --build-arg TORCH_INDEX="$CPU_BUILDS" .
#   docker build -t ablation-harness:cuda --build-arg TORCH_INDEX="$CUDA_BUILDS" \
#     --build-arg BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04 .
#   docker run --rm -v ablation:/data ablation-harness
#   docker run --rm -v ablation:/data --gpus all ablation-harness:cuda ablation /data/mine.yaml
ARG BASE=python:3.11.7-slim-bookworm
FROM ${BASE}

# CUDA's images have no Python, and are given their distribution's; no version of it is pinned,
# since a distribution keeps only its newest.
# hadolint ignore=DL3008
RUN command -v python3 >/dev/null || { \
      apt-get update \
      && apt-get install --yes --no-install-recommends python3 python3-venv \
      && rm -rf /var/lib/apt/lists/*; \
    }
RUN python3 -m venv /opt/venv \
    && useradd --uid 10001 --create-home harness \
    && install --directory --owner=harness /data
ENV PATH=/opt/venv/bin:$PATH \
    HF_HOME=/data/.cache/huggingface \
    PYTHONUNBUFFERED=1

# What changes seldom comes first. Torch alone, from the index that pytorch.org/get-started names
# for the CPU or for the CUDA of the base; without one pip takes the default build, which brings
# several GB of CUDA packages.
WORKDIR /opt/ablation-harness
COPY pyproject.toml ./
ARG TORCH_INDEX=""
RUN sed -n 's/^ *"\(torch==[^"]*\)",/\1/p' pyproject.toml > /tmp/torch.txt \
    && pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --requirement /tmp/torch.txt
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/pins.txt \
    && pip install --no-cache-dir --requirement /tmp/pins.txt

COPY README.md LICENSE ./
COPY harness harness
COPY reports reports
RUN pip install --no-cache-dir --no-deps .
COPY experiments experiments

USER 10001
WORKDIR /data
ENTRYPOINT ["harness"]
CMD ["ablation", "/opt/ablation-harness/experiments/quickstart.yaml"]
