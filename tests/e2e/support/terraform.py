# terraform.py - what the tests with the real terraform share: whether it is there, and code that needs no provider.
# SPDX-License-Identifier: MIT
import shutil

import pytest

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed, and Debian has none")

CODE = """
terraform {
  backend "local" {}
}
variable "size" { type = number }
variable "name" { default = "x" }
resource "terraform_data" "a" { input = var.size }
resource "terraform_data" "b" { triggers_replace = [var.name] }
output "size" { value = terraform_data.a.output }
output "key" {
  value     = "hunter2"
  sensitive = true
}
"""

# Its provisioner tells that it began, and goes on until it may end.
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch BEGAN; while [ ! -e MAY_END ]; do sleep 0.05; done"
  }
}
"""
