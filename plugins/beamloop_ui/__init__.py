"""What people see of Beamloop: pages behind Airflow's login, and the actions that stand on them."""
