"""Where the numbers come from: the published methods, as a report names them."""

from __future__ import annotations

METHODS: tuple[tuple[str, str], ...] = (
    (
        "A rate and its 95% interval",
        "Wilson (1927), Journal of the American Statistical Association 22. With several answers "
        "a case, cases are the clusters: Miller (2024), “Adding Error Bars to Evals”, "
        "arXiv:2411.00640; Korn & Graubard (1998), Survey Methodology 24.",
    ),
    (
        "The difference on the same cases and its 95% interval",
        "Newcombe (1998), Statistics in Medicine 17, method 10. With several answers a case, or "
        "partly right ones: Student’s t on the cases’ differences (Miller 2024), or where few "
        "differ, Zou & Donner (2008), Statistics in Medicine 27.",
    ),
    (
        "p, two-sided",
        "McNemar’s mid-p: Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology "
        "13:91; with several answers a case, or partly right ones, Student’s t where enough cases "
        "differ. Adjusted for being one of several: Holm (1979), Scandinavian Journal of "
        "Statistics 6.",
    ),
    (
        "The e-value, which lets one look at any time",
        "Ville (1939), “Étude critique de la notion de collectif”; Robbins (1970), Annals of "
        "Mathematical Statistics 41; Waudby-Smith & Ramdas (2024), Journal of the Royal "
        "Statistical Society B 86; Grünwald, de Heide & Koolen (2024), the same journal.",
    ),
    (
        "How many more cases would settle it",
        "The e-value’s own chance of reaching its bar, exactly; to rule a gain out, Lan & Wittes "
        "(1988), Biometrics 44. Power 80%.",
    ),
    (
        "The chance that a step pays",
        "The bootstrap over cases: Efron (1979), Annals of Statistics 7. It tells how stable the "
        "sign is over such cases; it is no p-value.",
    ),
    (
        "κ, how far a judge agrees with a person",
        "Cohen (1960), Educational and Psychological Measurement 20; Fleiss, Cohen & Everitt "
        "(1969), Psychological Bulletin 72; Landis & Koch (1977), Biometrics 33.",
    ),
)
"""What is reckoned, and the sources of how."""
