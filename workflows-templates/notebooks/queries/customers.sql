-- One row per customer, as known at the end of a month; `churned` says what the next month brought.
SELECT customer_id, signed_up_on, plan, monthly_fee, months, support_calls, hours_used, churned
FROM customers
