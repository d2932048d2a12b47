"""Other common names of the knobs of fine-tuning scripts, and of the groups that they freeze.

Part of the importer `sft`; names only.
"""

from __future__ import annotations

__all__ = ["GROUP_NAMES", "TEST_ALIASES", "TRAIN_ALIASES"]

GROUP_NAMES = {
    "embeddings": "embeddings",
    "embedding": "embeddings",
    "layer_norm": "layer_norms",
    "layer_norms": "layer_norms",
    "layernorm": "layer_norms",
    "attention": "attention",
    "feed_forward": "feed_forward",
    "feedforward": "feed_forward",
    "mlp": "feed_forward",
    "other": "other",
}
"""From a name of a group of weights to ours."""

TRAIN_ALIASES = {
    **dict.fromkeys(
        ("model_name", "model_name_or_path", "model_path", "base_model", "pretrained_model"),
        "model",
    ),
    **dict.fromkeys(("tokenizer_name", "tokenizer_path"), "tokenizer"),
    **dict.fromkeys(("prompt_template", "template", "prompt_format"), "prompt"),
    **dict.fromkeys(("data_path", "data_file", "dataset", "train_file", "file", "path"), "data"),
    **dict.fromkeys(("test_file", "test_path"), "test_data"),
    **dict.fromkeys(("val_file", "validation_file", "val_path"), "val_data"),
    **dict.fromkeys(("train_split",), "split"),
    **dict.fromkeys(("validation_split",), "val_split"),
    **dict.fromkeys(("question_key", "question_column"), "question_field"),
    **dict.fromkeys(("answer_key", "answer_column"), "answer_field"),
    **dict.fromkeys(("freeze_groups", "freeze_layers", "layers_to_freeze"), "freeze"),
    **{
        f"freeze_{alias}": f"freeze_{group}"
        for alias, group in GROUP_NAMES.items()
        if alias != group
    },
    "freeze_layers_not_to_freeze": "layers_not_to_freeze",
    **dict.fromkeys(("max_prompt_length", "max_input_length", "max_seq_length"), "max_length"),
    **dict.fromkeys(("max_answer_length", "max_output_length"), "max_target_length"),
    **dict.fromkeys(("warmup_share", "warmup_ratio", "warmup_proportion", "warm_up"), "warmup"),
    "num_warmup_steps": "warmup_steps",
    **dict.fromkeys(("lr_scheduler", "lr_scheduler_type", "scheduler"), "schedule"),
    "lr": "learning_rate",
    **dict.fromkeys(("adam_betas",), "betas"),
    **dict.fromkeys(("adam_beta1", "beta_1"), "beta1"),
    **dict.fromkeys(("adam_beta2", "beta_2"), "beta2"),
    **dict.fromkeys(("epsilon", "adam_epsilon"), "eps"),
    "optimizer_type": "optimizer",
    **dict.fromkeys(("checkpoint_path", "checkpoint_dirpath", "output_dir"), "checkpoint_dir"),
    **dict.fromkeys(("checkpoint_every_n_steps", "save_steps"), "checkpoint_every"),
    **dict.fromkeys(("checkpoint_monitor", "monitor"), "checkpoint_metric"),
    **dict.fromkeys(("mode", "monitor_mode"), "checkpoint_mode"),
    "early_stopping_patience": "patience",
    "checkpoint_save_top_k": "save_top_k",
    **dict.fromkeys(
        ("resume", "resume_from_checkpoint", "checkpoint_resume_path", "checkpoint_resume"),
        "resume_path",
    ),
    "train_batch_size": "batch_size",
    "val_batch_size": "eval_batch_size",
    "gradient_accumulation_steps": "accumulate_grad_batches",
    "max_grad_norm": "gradient_clip_val",
    **dict.fromkeys(("epochs", "num_epochs", "num_train_epochs"), "max_epochs"),
    "wandb_offline": "wandb_mode",
}
"""Of a trainer's file: from another common name of a knob to ours."""

TEST_ALIASES = {
    **dict.fromkeys(("model_path", "model_name", "checkpoint_path", "checkpoint"), "model"),
    **dict.fromkeys(("data_path", "data_file", "dataset", "test_file", "file", "path"), "data"),
    "test_split": "split",
    **dict.fromkeys(("prompt_template", "template"), "prompt"),
    **dict.fromkeys(("max_prompt_length", "max_input_length"), "max_length"),
    **dict.fromkeys(("test_batch_size", "eval_batch_size"), "batch_size"),
    "metric": "metrics",
    **dict.fromkeys(("metrics_bleu", "compute_bleu"), "bleu"),
    **dict.fromkeys(("metrics_rouge", "compute_rouge"), "rouge"),
    **dict.fromkeys(("log_path", "logfile"), "log_file"),
    **dict.fromkeys(
        (
            "save_every_n_steps",
            "save_generated_every_n_steps",
            "save_generated_text_every",
            "save_generated_text_every_n_steps",
        ),
        "save_every",
    ),
    "wandb_offline": "wandb_mode",
}
"""The same of a test's file."""
