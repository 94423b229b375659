//! Countries by the names that lists print.

/// English names in lower case without blanks and punctuation, sorted, and their ISO 3166-1 alpha-2 codes (`XK` for Kosovo).
#[rustfmt::skip]
const NAMES: [(&str, &str); 317] = [
    ("afghanistan", "AF"), ("alandislands", "AX"), ("albania", "AL"), ("algeria", "DZ"), ("americansamoa", "AS"),
    ("andorra", "AD"), ("angola", "AO"), ("anguilla", "AI"), ("antarctica", "AQ"), ("antiguaandbarbuda", "AG"),
    ("argentina", "AR"), ("armenia", "AM"), ("aruba", "AW"), ("australia", "AU"), ("austria", "AT"), ("azerbaijan", "AZ"),
    ("bahamas", "BS"), ("bahamasthe", "BS"), ("bahrain", "BH"), ("bangladesh", "BD"), ("barbados", "BB"), ("belarus", "BY"),
    ("belgium", "BE"), ("belize", "BZ"), ("benin", "BJ"), ("bermuda", "BM"), ("bhutan", "BT"), ("bolivia", "BO"),
    ("boliviaplurinationalstateof", "BO"), ("bonairesinteustatiusandsaba", "BQ"), ("bosniaandherzegovina", "BA"),
    ("bosniaherzegovina", "BA"), ("botswana", "BW"), ("brazil", "BR"), ("britishvirginislands", "VG"), ("brunei", "BN"),
    ("bruneidarussalam", "BN"), ("bulgaria", "BG"), ("burkinafaso", "BF"), ("burma", "MM"), ("burundi", "BI"),
    ("caboverde", "CV"), ("caboverdepreviouslycapeverde", "CV"), ("cambodia", "KH"), ("cameroon", "CM"), ("canada", "CA"),
    ("capeverde", "CV"), ("caymanislands", "KY"), ("centralafricanrepublic", "CF"), ("chad", "TD"), ("chile", "CL"),
    ("china", "CN"), ("chinapeoplesrepublicof", "CN"), ("christmasisland", "CX"), ("cocoskeelingislands", "CC"),
    ("colombia", "CO"), ("comoros", "KM"), ("congo", "CG"), ("congodemocraticrepublicofthe", "CD"),
    ("congorepublicofthe", "CG"), ("cookislands", "CK"), ("costarica", "CR"), ("cotedivoire", "CI"), ("croatia", "HR"),
    ("cuba", "CU"), ("curacao", "CW"), ("cyprus", "CY"), ("czechia", "CZ"), ("czechrepublic", "CZ"),
    ("democraticpeoplesrepublicofkorea", "KP"), ("democraticrepublicofthecongo", "CD"), ("denmark", "DK"), ("djibouti", "DJ"),
    ("dominica", "DM"), ("dominicanrepublic", "DO"), ("drcongo", "CD"), ("easttimor", "TL"), ("ecuador", "EC"), ("egypt", "EG"),
    ("elsalvador", "SV"), ("equatorialguinea", "GQ"), ("eritrea", "ER"), ("estonia", "EE"), ("eswatini", "SZ"),
    ("ethiopia", "ET"), ("falklandislands", "FK"), ("faroeislands", "FO"), ("fiji", "FJ"), ("finland", "FI"), ("france", "FR"),
    ("frenchguiana", "GF"), ("frenchpolynesia", "PF"), ("gabon", "GA"), ("gambia", "GM"), ("gambiathe", "GM"), ("gaza", "PS"),
    ("georgia", "GE"), ("germany", "DE"), ("germanyfederalrepublicof", "DE"), ("ghana", "GH"), ("gibraltar", "GI"),
    ("greatbritain", "GB"), ("greece", "GR"), ("greenland", "GL"), ("grenada", "GD"), ("guadeloupe", "GP"), ("guam", "GU"),
    ("guatemala", "GT"), ("guernsey", "GG"), ("guinea", "GN"), ("guineabissau", "GW"), ("guyana", "GY"), ("haiti", "HT"),
    ("holysee", "VA"), ("honduras", "HN"), ("hongkong", "HK"), ("hongkongsarchina", "HK"), ("hungary", "HU"), ("iceland", "IS"),
    ("india", "IN"), ("indonesia", "ID"), ("iran", "IR"), ("iranislamicrepublicof", "IR"), ("iraq", "IQ"), ("ireland", "IE"),
    ("islamicrepublicofiran", "IR"), ("isleofman", "IM"), ("israel", "IL"), ("italy", "IT"), ("ivorycoast", "CI"),
    ("jamaica", "JM"), ("japan", "JP"), ("jersey", "JE"), ("jordan", "JO"), ("kazakhstan", "KZ"), ("kenya", "KE"),
    ("kiribati", "KI"), ("koreademocraticpeoplesrepublicof", "KP"), ("koreanorth", "KP"), ("korearepublicof", "KR"),
    ("koreasouth", "KR"), ("kosovo", "XK"), ("kuwait", "KW"), ("kyrgyzrepublic", "KG"), ("kyrgyzstan", "KG"), ("lao", "LA"),
    ("laopeoplesdemocraticrepublic", "LA"), ("laos", "LA"), ("latvia", "LV"), ("lebanon", "LB"), ("lesotho", "LS"),
    ("liberia", "LR"), ("libya", "LY"), ("libyanarabjamahiriya", "LY"), ("liechtenstein", "LI"), ("lithuania", "LT"),
    ("luxembourg", "LU"), ("macao", "MO"), ("macau", "MO"), ("macedonia", "MK"), ("macedoniatheformeryugoslavrepublicof", "MK"),
    ("madagascar", "MG"), ("malawi", "MW"), ("malaysia", "MY"), ("maldives", "MV"), ("mali", "ML"), ("malta", "MT"),
    ("manisleof", "IM"), ("marshallislands", "MH"), ("martinique", "MQ"), ("mauritania", "MR"), ("mauritius", "MU"),
    ("mayotte", "YT"), ("mexico", "MX"), ("micronesia", "FM"), ("micronesiafederatedstatesof", "FM"), ("moldova", "MD"),
    ("moldovarepublicof", "MD"), ("monaco", "MC"), ("mongolia", "MN"), ("montenegro", "ME"), ("montserrat", "MS"),
    ("morocco", "MA"), ("mozambique", "MZ"), ("myanmar", "MM"), ("namibia", "NA"), ("nauru", "NR"), ("nepal", "NP"),
    ("netherlands", "NL"), ("newcaledonia", "NC"), ("newzealand", "NZ"), ("nicaragua", "NI"), ("niger", "NE"),
    ("nigeria", "NG"), ("niue", "NU"), ("northernmarianaislands", "MP"), ("northkorea", "KP"), ("northmacedonia", "MK"),
    ("northmacedoniatherepublicof", "MK"), ("norway", "NO"), ("oman", "OM"), ("pakistan", "PK"), ("palau", "PW"),
    ("palestine", "PS"), ("palestinian", "PS"), ("palestinianauthority", "PS"), ("palestinianterritories", "PS"),
    ("palestinianterritoryoccupied", "PS"), ("panama", "PA"), ("papuanewguinea", "PG"), ("paraguay", "PY"),
    ("peoplesrepublicofchina", "CN"), ("peru", "PE"), ("philippines", "PH"), ("poland", "PL"), ("portugal", "PT"),
    ("puertorico", "PR"), ("qatar", "QA"), ("regioncrimea", "UA"), ("regiondonetsk", "UA"), ("regiongaza", "PS"),
    ("regionkherson", "UA"), ("regionluhansk", "UA"), ("regionzaporizhzhia", "UA"), ("republicofkorea", "KR"),
    ("republicofmoldova", "MD"), ("republicofthecongo", "CG"), ("reunion", "RE"), ("romania", "RO"), ("russia", "RU"),
    ("russianfederation", "RU"), ("rwanda", "RW"), ("saintbarthelemy", "BL"), ("sainthelena", "SH"),
    ("saintkittsandnevis", "KN"), ("saintlucia", "LC"), ("saintpierreandmiquelon", "PM"),
    ("saintvincentandthegrenadines", "VC"), ("samoa", "WS"), ("sanmarino", "SM"), ("saotomeandprincipe", "ST"),
    ("saudiarabia", "SA"), ("senegal", "SN"), ("serbia", "RS"), ("serbiaandmontenegro", "RS"), ("seychelles", "SC"),
    ("sierraleone", "SL"), ("singapore", "SG"), ("sintmaarten", "SX"), ("slovakia", "SK"), ("slovakrepublic", "SK"),
    ("slovenia", "SI"), ("solomonislands", "SB"), ("somalia", "SO"), ("southafrica", "ZA"), ("southkorea", "KR"),
    ("southsudan", "SS"), ("spain", "ES"), ("srilanka", "LK"), ("stateofpalestine", "PS"), ("stkittsandnevis", "KN"),
    ("stvincentandthegrenadines", "VC"), ("sudan", "SD"), ("suriname", "SR"), ("swaziland", "SZ"), ("sweden", "SE"),
    ("switzerland", "CH"), ("syria", "SY"), ("syrianarabrepublic", "SY"), ("taiwan", "TW"), ("tajikistan", "TJ"),
    ("tanzania", "TZ"), ("tanzaniaunitedrepublicof", "TZ"), ("thailand", "TH"), ("thebahamas", "BS"),
    ("theformeryugoslavrepublicofmacedonia", "MK"), ("thenetherlands", "NL"), ("thesudan", "SD"), ("timorleste", "TL"),
    ("togo", "TG"), ("tokelau", "TK"), ("tonga", "TO"), ("trinidadandtobago", "TT"), ("tunisia", "TN"), ("turkey", "TR"),
    ("turkiye", "TR"), ("turkmenistan", "TM"), ("turksandcaicosislands", "TC"), ("turkscaicosislands", "TC"), ("tuvalu", "TV"),
    ("uae", "AE"), ("uganda", "UG"), ("uk", "GB"), ("ukraine", "UA"), ("unitedarabemirates", "AE"), ("unitedkingdom", "GB"),
    ("unitedkingdomofgreatbritainandnorthernireland", "GB"), ("unitedrepublicoftanzania", "TZ"), ("unitedstates", "US"),
    ("unitedstatesofamerica", "US"), ("uruguay", "UY"), ("usa", "US"), ("usvirginislands", "VI"), ("uzbekistan", "UZ"),
    ("vanuatu", "VU"), ("vatican", "VA"), ("venezuela", "VE"), ("venezuelabolivarianrepublicof", "VE"), ("vietnam", "VN"),
    ("virginislandsbritish", "VG"), ("virginislandsus", "VI"), ("wallisandfutuna", "WF"), ("westbank", "PS"),
    ("westernsahara", "EH"), ("yemen", "YE"), ("zambia", "ZM"), ("zimbabwe", "ZW"),
];

/// The ISO 3166-1 alpha-2 code of a country named in English, or of a code itself. None for a name that is not in the table.
pub fn iso2(name: &str) -> Option<&'static str> {
    let name = name.replace('&', "and");
    let key: String = name.chars().filter(|c| c.is_alphanumeric()).map(plain).collect();
    if key.len() == 2 {
        let code = key.to_ascii_uppercase();
        return NAMES.iter().map(|(_, known)| *known).find(|known| *known == code);
    }
    let find = |key: &str| {
        NAMES
            .binary_search_by_key(&key, |(name, _)| name)
            .ok()
            .map(|at| NAMES[at].1)
    };
    let bare = || ["region", "the"].iter().find_map(|word| find(key.strip_prefix(word)?));
    find(&key).or_else(bare)
}

fn plain(c: char) -> char {
    match c {
        'ô' | 'Ô' => 'o',
        'ç' | 'Ç' => 'c',
        'ü' | 'Ü' => 'u',
        _ => c.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn names_in_the_spelling_of_each_publisher_give_one_code() {
        for name in [
            "Korea, North",
            "Democratic People's Republic of Korea",
            "North Korea",
            "kp",
        ] {
            assert_eq!(iso2(name), Some("KP"), "{name}");
        }
        assert_eq!(iso2("Côte d'Ivoire"), Some("CI"));
        assert_eq!(iso2("The Gambia"), Some("GM"));
        assert_eq!(iso2("St. Kitts & Nevis"), Some("KN"));
        assert_eq!(iso2("Region: West Bank"), Some("PS"));
        assert_eq!(iso2("Atlantis"), None);
        assert_eq!(iso2(""), None);
    }
}
