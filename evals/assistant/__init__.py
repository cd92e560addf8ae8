"""The prompt of the chat's model, measured on conversations whose next step is known."""
