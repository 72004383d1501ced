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
    '{"language":"en","reference":"","name":"","contact":"","manager":"","manager_mail":"",'
    '"cashback":[{"eligible_sales":"","rounded":"","amount":"","already_credited":"0.00","to_credit":"",'
    '"credited_on":"December 31, 2023","rate":"15","limited":1,"credited":1,"due":"plus",'
    '"months":[{"month":"2023-01","amount":"0.00","y":,"height":},{"month":"2023-02","amount":""},'
    + ",".join(f'{{"month":"2023-{month:02}","amount":""}}' for month in range(3, 13))
    + '],"best":"2023-","best_amount":""}],"extensions":[{"expires_on":"","extended_to":"20"}],'
    '"free_subscriptions":[{"allowed":"","held":"0","register_by":"","share":0,"subscriptions":[],'
    '"remaining":"","remaining_form":1}],"levels":[{"attained_sales":"","secured_until":"","next_quota":"",'
    '"remaining":"","share":}],"manager_link":"mailto:","credit":"due","total":"","extended":"1",'
    '"extended_form":1}'
)
DICTIONARY = _FIGURES + _SHOWN
"""Of ASCII letters only, so that it has as many bytes as characters."""
