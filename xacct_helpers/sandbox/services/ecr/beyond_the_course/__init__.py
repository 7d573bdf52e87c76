"""What ECR has and the course does not use: for your own tests against a local AWS."""
