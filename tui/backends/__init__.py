"""What answers: clients of model servers, behind the ports of the domain."""
