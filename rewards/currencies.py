"""The minor units of ISO 4217, not those of CLDR, which rounds ISK, HUF or IQD as shoppers do.

Source: ISO 4217 "List one: current currency and funds codes", published by the maintenance agency SIX on
2026-01-01 (list-one.xml), and for the withdrawn codes its "List three: historic denominations".
Codes to which the list gives no minor unit (gold, XDR, XXX and the like) can hold no amount here.
"""

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
# A ledger may hold lines from before a currency was withdrawn; these are the ones withdrawn since 2021.
_WITHDRAWN_TWO = "ANG BGN CUC HRK SLL ZWL"
_WITHOUT = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"

MINOR_UNITS: dict[str, int] = {
    code: places
    for places, codes in ((0, _NONE), (2, _TWO), (2, _WITHDRAWN_TWO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""Decimal places by currency code."""

WITHOUT_MINOR_UNIT = frozenset(_WITHOUT.split())
"""Codes of the list that are no money in the sense of an amount with places."""
