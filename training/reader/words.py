"""Small print of plates: states, slogans, cities, dealers. All of it is public knowledge or invented."""

import random

STATES = """Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Georgia Hawaii Idaho Illinois
Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri Montana Nebraska
Nevada New_Hampshire New_Jersey New_Mexico New_York North_Carolina North_Dakota Ohio Oklahoma Oregon Pennsylvania Rhode_Island
South_Carolina South_Dakota Tennessee Texas Utah Vermont Virginia Washington West_Virginia Wisconsin Wyoming Washington_DC
Ontario Quebec Alberta British_Columbia Manitoba""".split()
SLOGANS = """Heart_of_Dixie Sweet_Home The_Last_Frontier Grand_Canyon_State The_Natural_State dmv.ca.gov Constitution_State
The_First_State Sunshine_State MyFlorida.com In_God_We_Trust on_my_mind Aloha_State Famous_Potatoes Scenic Land_of_Lincoln
Amber_Waves_of_Grain Hoosier_State Bluegrass_State Unbridled_Spirit Sportsman's_Paradise Vacationland Star_Spangled_Banner
The_Spirit_of_America Great_Lakes Pure_Michigan.com 10,000_lakes Explore_Minnesota.com The_Magnolia_State Show-Me_State Big_Sky
Treasure_State Cornhusker_State The_Silver_State Home_Means_Live_Free_or_Die Garden_State Land_of_Enchantment Empire_State
First_in_Flight Peace_Garden_State Birthplace_of_Aviation Native_America Keystone_State visitPA.com Ocean_State
Smiling_Faces_Beautiful_Places Great_Faces_Great_Places The_Volunteer_State The_Lone_Star_State Life_Elevated Green_Mountain_State
Evergreen_State Wild,_Wonderful America's_Dairyland Taxation_Without_Representation Yours_to_Discover Je_me_souviens Friendly
Centennial Truck Dealer Commercial Apportioned Handicapped Veteran Exempt Permanent Passenger""".split()
DEALERS = """Toyota Honda Ford Chevrolet Nissan Kia Hyundai Mazda Auto_Plaza Motors Autohaus Auto_Group Sales_&_Service
www.autos.com Auto_Mall Cars Fleet Preowned Garage Automobile Concessionaria Veiculos Autosalon Autocentrum Motor_Company
Cycles University Alumni Marines Air_Force I_love_my_dog 555-0134 0800_555_019""".split()
BRAZIL = """SP-SAO_PAULO SP-CAMPINAS SP-SANTOS SP-OSASCO SP-GUARULHOS RJ-RIO_DE_JANEIRO RJ-NITEROI MG-BELO_HORIZONTE MG-UBERLANDIA
MG-CONTAGEM PR-CURITIBA PR-LONDRINA PR-MARINGA RS-PORTO_ALEGRE RS-CAXIAS_DO_SUL SC-FLORIANOPOLIS SC-JOINVILLE SC-BLUMENAU
BA-SALVADOR PE-RECIFE CE-FORTALEZA DF-BRASILIA GO-GOIANIA ES-VITORIA PA-BELEM AM-MANAUS MT-CUIABA MS-CAMPO_GRANDE RN-NATAL
PB-JOAO_PESSOA AL-MACEIO SE-ARACAJU PI-TERESINA MA-SAO_LUIS TO-PALMAS RO-PORTO_VELHO AC-RIO_BRANCO SP-SAO_JOSE_DOS_CAMPOS
SP-RIBEIRAO_PRETO SP-SOROCABA SP-SAO_BERNARDO_DO_CAMPO MG-JUIZ_DE_FORA""".split()
MERCOSUR = "BRASIL BRASIL BRASIL REPUBLICA_ARGENTINA URUGUAY PARAGUAY ARGENTINA".split()
MEXICO = """Jalisco Ciudad_de_Mexico Nuevo_Leon Puebla Sonora Chihuahua Baja_California Guanajuato Mexico Veracruz DELANTERA
TRASERA Sinaloa Tamaulipas Yucatan""".split()
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
COUNTRY_CODES = "D F I A B NL L E P PL CZ SK H RO BG HR SLO S N FIN DK EST LT LV GR CY M IRL GB UK CH SRB UA".split()

GROUPS = {
    "state": (STATES, 26),
    "slogan": (SLOGANS, 22),
    "dealer": (DEALERS, 14),
    "brazil": (BRAZIL, 16),
    "mercosur": (MERCOSUR, 6),
    "mexico": (MEXICO, 5),
    "month": (MONTHS, 8),
    "year": (["%02d" % y for y in range(1, 26)] + ["20%02d" % y for y in range(5, 26)], 12),
    "country": (COUNTRY_CODES, 14),
    "letter": (list("ABCDEFHKLMNPRSTUVXYZ0123456789"), 12),
}


def pick(rng: random.Random) -> tuple[str, str]:
    """A group and a text of it, in one of the usual letter cases."""
    group = rng.choices(list(GROUPS), [weight for _, weight in GROUPS.values()])[0]
    text = rng.choice(GROUPS[group][0]).replace("_", " ")
    if group in ("state", "slogan", "dealer") and rng.random() < 0.55:
        text = text.upper()
    return group, text
