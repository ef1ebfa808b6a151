"""What every engine on PyTorch needs: importing it, a device, a precision, a way back."""
