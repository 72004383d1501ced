"""The text before every record that its compression may refer back to: the keys, which all records share.

Part of the packs' format: a change makes every record unreadable for a page that was built before.
"""

_FIGURES = (
    '{"bonuses":[{"amount":"","attained_level":"","currency":"USD","level":"","offer":"","status":"final"}],'
    '"cashback":[{"already_credited":"0.00","amount":".00","credited_on":"20-12-31","currency":"EUR",'
    '"eligible_sales":".00","offer":"cashback-20","rate":"0.1","status":"accruing","to_credit":""}],'
    '"extensions":[{"expires_on":"202","extended_to":"202","offer":"","product":"PRO ","subscription_id":"S-0"},'
    '{"expires_on":"2023-0","extended_to":"2024-0"],"free_subscriptions":[{"allowed":10,"held":0,"offer":"",'
    '"product":"","register_by":"2023-12-31","remaining":0,"subscriptions":[]}],"level":"silver",'
    '"levels":[{"attained_level":"bronze","attained_sales":".00","currency":"EUR","next_level":"gold",'
    '"next_quota":"000.00","offer":"","remaining":"","secured_level":"","secured_until":"20-12-31"}],'
    '"partner_id":"P-"}\n'
)
_SHOWN = (
    '{"cashback":[{"already_credited":"","amount":"","best":"20","best_amount":"","credited":1,'
    '"credited_on":"December 31, 2023","due":"plus","eligible_sales":"","limited":1,'
    '"months":[{"amount":"0.00","height":,"month":"2023-01","y":},{"amount":"","month":"2023-02"},'
    + ",".join(f'{{"amount":"","month":"2023-{month:02}"}}' for month in range(3, 13))
    + '],"rate":"15","rounded":"","to_credit":""}],"contact":"","credit":"due","extended":"1","extended_form":1,'
    '"extensions":[{"expires_on":"","extended_to":"20"}],"free_subscriptions":[{"allowed":"","held":"0",'
    '"register_by":"","remaining":"","remaining_form":1,"share":0,"subscriptions":[]}],"language":"en",'
    '"levels":[{"attained_sales":"","next_quota":"","remaining":"","secured_until":"","share":}],"manager":"",'
    '"manager_link":"mailto:","manager_mail":"","name":"","reference":"","total":""}'
)
DICTIONARY = _FIGURES + _SHOWN
"""Of ASCII letters only, so that it has as many bytes as characters."""
