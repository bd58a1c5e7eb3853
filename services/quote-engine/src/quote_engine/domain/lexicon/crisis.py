"""Words of self-harm or of not wanting to live, by sign: verbose regular expressions over normalised text."""

from collections.abc import Mapping
from typing import Final

HARMLESS: Final = r"""
    (?:과제|숙제|강의|남자친구랑|여자친구랑|남친이랑|여친이랑|프로젝트|시험|업무|회사\s?일|(?<![가-힣])일|회의|공부|마감|보고서|발표|학기|수업|작업|게임|청소|집안일|원고
        |논문|할\s?일|야근|연애|관계|회사|학교|학원|알바|운동)(?:을|를|은|는|도|만|까지|이랑)?\s*(?:오늘
        |지금|빨리|얼른|어서|제발|그냥|이제|다|모두|전부|좀|안에|\s)*
    (?:끝내|끝났|그만)
"""

KOREAN: Final[Mapping[str, str]] = {
    "wish to die": r"""
        죽\s*고\s*(?:만\s*)?싶|죽고\s*파|죽을래|죽어\s*(?:버리|야\s*(?:겠|할|되|돼|지))
        |죽는\s*(?:게|것이|편이|거)\s*(?:더\s*)?(?:나|낫|좋|편)|(?<!줄\s)죽었으면
        |죽으(?:면\s*(?:편|다\s*끝|끝|어떨|될|되|돼|좋)|려고|러\s*가)
        |죽을\s*(?:생각|방법|용기|궁리|작정)|죽을까|죽음을?\s*(?:생각|택|선택)|죽고\s*없|[뒤디]지고\s*싶
        |뒈지고\s*싶|따라\s*죽|곁으로\s*가고\s*싶|하늘나라(?:로|에)\s*가고
        |죽구\s*싶|죽고\s*시[퍼푸포]|주[거그]\s*버리|주꼬\s*싶|듁고\s*싶
        |죽음(?:에\s*대해서?|만|을|이)?\s*(?:자꾸|계속|자주)?\s*(?:생각|떠오|원|바라)|죽는\s*(?:방법|법|생각|상상|꿈만)
        |(?:편하게|편히|쉽게|조용히|안\s*아프게|고통\s*없이)\s*(?:죽|가고\s*싶|떠나고)
        |죽어도\s*(?:괜찮|상관|좋|아무도|여한)|죽든\s*말든|(?:심장|숨)이\s*(?:멈|멎)[췄었]으면
        |(?:사고|교통사고)(?:라도|나|가)?\s*(?:났으면|나서\s*죽|당했으면)
        |죽여\s*(?:줬|줘|주[세면]|달라)|죽어\s*(?:마땅|도\s*싸)|영원히\s*(?:쉬|눈)|쉬고\s*싶[^.!?]{0,6}영원히
    """,
    "no wish to live": r"""
        살고\s*싶지|살고\s*싶은\s*(?:마음|생각)[이도]?\s*(?:안|없|들지)
        |(?:^|[.!?,…]|그냥|진짜|정말|너무|이제|더는?|나는?|이렇게|세상)\s*살기\s*(?:가\s*)?(?:너무\s*|진짜\s*|정말\s*)?싫
        |살(?:아야\s*할|아갈|아\s*있을)?\s*(?:이유|가치|의미|의욕|자신|희망)(?:가|를|도|이|을)?\s*(?:없
            |모르|못|잃|안)
        |더\s*(?:이상은?|는)\s*(?:못\s*살|살\s*수|살아갈|살고)
        |왜\s*(?:사는지|살아야|살아\s*있|사는\s*건지|태어)
        |사는\s*(?:게|것이|거)\s*(?:의미|무의미|지옥|지겹|고통|괴로)|살아서\s*(?:뭐|무엇|뭘)
        |살아\s*있는\s*(?:게|것이)\s*(?:고통|지옥|괴로|싫|의미|짐)
        |(?:삶|생|인생|목숨|이\s*생)[을를]?\s*(?:그만|마감|끝|포기|놓|버리)
        |이번\s*생은?[^.!?]{0,10}(?:그만|끝내)|그만\s*살고|숨\s*(?:을\s*)?쉬고\s*싶지|존재하고\s*싶지
        |그만\s*살(?:래|자|겠|아야|까)|(?:삶|인생)(?:의|에)\s*(?:이유|의미|희망|가치)[가를이도]?\s*(?:없|못|잃|모르)
        |살아\s*있는\s*(?:게|것이|것도|거)\s*(?:\S+\s+){0,2}(?:고통|지옥|괴로|싫|의미|짐|힘들)
        |사는\s*(?:게|것이|거)\s*(?:\S+\s+){0,2}(?:지긋|지옥|지겹|고통|괴로)|존재(?:할|의|하는)?\s*(?:이유|가치)[가를도]?\s*(?:없|모르)
        |(?:끝낼래|끝낼까|끝내야겠)(?!\s*과제)|버틸\s*이유
        |(?:삶|생|인생)[을를은]?\s*(?:여기서|이제|이만|이쯤에서)\s*(?:그만|끝)|없던\s*사람
    """,
    "suicide": r"""
        (?<![혼각여남과])자살(?!\s*(?:골|예방))|극단적\s*(?:인\s*)?(?:선택|생각)|스스로\s*목숨
        |(?<![가-힣])유서(?!\s*깊)|ㅈㅅ하고|신변\s*(?:을\s*)?정리
        |마지막\s*(?:편지|인사)를?\s*(?:쓰|썼|남기|남겼|하려|드리)
        |이게\s*(?:제|내)?\s*마지막\s*(?:메시지|말|글|인사)
        |먼저\s*(?:가서|떠나서|갈게|떠날게|가도|가는)[^.!?]{0,6}(?:미안|죄송|용서|$)|(?:모두|다들|여러분|세상아?)\s*(?:에게\s*)?안녕[^.!?]{0,14}(?:갈게|떠날|가요|간다)
        |나쁜\s*(?:선택|생각이?\s*(?:자꾸|계속|들|나))|(?:삶|생|인생)[을를]\s*정리|죽는\s*거?\s*말고|(?:보험금|유산)(?:이?라도|을)?\s*남기고
    """,
    "self-harm": r"""
        (?<![가-힣])(?:또|다시)?자해|손목[을에]?[^.!?]{0,8}(?:그었|그어|긋|그을|그은)
        |칼로\s*(?:나를|저를|내\s*몸|제\s*몸|팔|손목|허벅지)
        |목\s*(?:을\s*)?(?:매|맬|맸)(?:고|달|려|면|ㄹ까|까|었|어|\s|$)
        |(?:나|저|내|제|스스로|자신)(?:를|\s*자신을|\s*몸을|을)\s*(?:해치|다치게|때리고|상처\s*내|벌주
            |없애)
        |뛰어\s*내리(?:고\s*싶|려|면|자)|뛰어\s*내릴|투신|번개탄|연탄\s*(?:을\s*)?(?:피우|사)|농약
        |(?:약|수면제|알약)[을를]?\s*(?:다\s*|많이\s*|한꺼번에\s*|전부\s*|왕창\s*)*(?:모아|모으|모았
            |털어|과다)
        |(?:약|수면제|알약)[을를]?\s*(?:다|많이|한꺼번에|전부|왕창)\s*(?:먹|삼)|과다\s*복용
        |한강(?:에|으로|이나)?\s*(?:가서\s*)?(?:뛰|빠지|투|갈까|가야겠|가고\s*싶\S*\s*죽)
        |(?:옥상|난간|다리\s*위)[^.!?]{0,12}(?:뛰|떨어지고|서\s*있)|차도에\s*뛰|차에\s*(?:치이고|뛰어들)
        |손목[에의]?[^.!?]{0,6}(?:상처|흉터|자국)|(?:약|수면제|알약)[을를]?\s*(?:한\s*통|통째|몇\s*십\s*알)
        |(?:베란다|창문|창밖|옥상|난간|다리|건물|아파트)[^.!?]{0,24}(?:떨어지면|떨어질까|떨어져|뛰어)
        |(?:팔|허벅지|손목|몸)[을를에]?\s*(?:칼로\s*)?(?:긋|그었|그어|그을)|칼[을를]?\s*(?:들고|쥐고|꺼냈)
        |(?:다리\s*위|옥상|난간|절벽|선로)(?:에|에서)?\s*(?:나와\s*|올라와\s*|혼자\s*)?(?:있어|서\s*있|왔어|왔습|앉아)
    """,
    "wish to disappear": r"""
        사라지고\s*(?:만\s*)?싶|사라져\s*(?:버리|야)|없어지고\s*싶|없어져\s*버리
        |(?:내|제|나|저)(?:가|만|는|\s*하나)?\s*(?:그냥\s*)?(?:없어지|없으|사라지|죽으)(?:면|는\s*게
            |는\s*편)
        |(?:내가|제가|나는|저는|나\s|그냥|이대로|영영|조용히|세상에서)\s*[^.!?]{0,6}(?:사라졌으면
            |없어졌으면)
        |증발하고\s*싶|세상[을에서]*\s*(?:떠나고|뜨고|등지|하직|사라)|짐만\s*되|짐밖에\s*안
        |(?:나|저)\s*하나\s*(?:쯤\s*)?(?:없|사라|죽)|(?:내가|제가|나만|저만)\s*(?:없는\s*(?:게|편|것이|세상)|없어도\s*(?:아무|다들|세상))
    """,
    "wish it to end": r"""
        (?:모든\s*(?:걸|것을|게)|다|모두|전부|그냥|이제|차라리|이대로)\s*(?:다\s*|그만\s*)?(?:끝내\s*고
            |끝내\s*버리고|그만\s*두고|그만\s*하고|놓아\s*버리고|놓고)\s*(?:만\s*)?싶
        |(?:모든\s*(?:게|것이)|다|모두|전부|이대로)\s*(?:끝내\s*버[리릴]|끝났으면)
        |여기(?:서|까지)[^.!?]{0,4}(?:그만하고\s*싶|끝내고\s*싶)
    """,
    "wish not to wake": r"""
        눈[을이]?\s*(?:안|못)\s*(?:뜨고\s*싶|떴으면|뜨면|뜰)|눈[을이]?\s*(?:뜨고\s*싶지|뜨지\s*(?:않|말|못)|떠지지\s*않)
        |(?:깨어나|일어나|깨)(?:고\s*싶지\s*않|지\s*(?:않았으면|말았으면|않고\s*싶|못했으면))
        |(?:안|못)\s*(?:깨어났|깨었|깼)으면|영원히\s*(?:자고|잠들|쉬고)|태어나지\s*(?:말|않)
        |태어난\s*(?:게|것이|거)\s*(?:잘못|후회|죄|싫)
        |(?:안|못)\s*일어났으면|영원히\s*깨|깨지\s*않았으면
        |(?:안|못)\s*태어났
    """,
    "indirect": r"""
        (?:내일|아침에?|이대로)[^.!?]{0,10}눈[을이]?\s*(?:안|못)\s*(?:떴|뜨)
        |(?:저|나|제가|내가)\s*없이[^.!?]{0,8}(?:더\s*)?(?:잘|행복)|(?:제가|내가|나|저)(?:만)?\s*(?:사라지|없어지|죽)[^.!?]{0,8}(?:아무도|다들|모두|편)
        |(?:제가|내가)\s*사라져도|흔적도?\s*없이\s*(?:사라지|없어지)고
        |(?:이제|전부|모두|다)\s*정리하고\s*(?:떠나|가)(?!는|서\s*여행)(?![^.!?]{0,8}(?:여행|이사|캠핑|휴가))
        |(?:살아갈|살)\s*이유[를가]?\s*(?:더\s*이상\s*)?(?:못\s*찾|안\s*보|모르|없)
        |(?:고통|아픔)\s*없이\s*(?:가는|죽|떠나|끝)|안\s*아프게\s*(?:가는|죽|떠나)
        |살아\s*있을\s*(?:것\s*같지가?\s*않|자신이\s*없|수\s*있을까)
        |(?:한강|다리|난간|옥상|선로|승강장|플랫폼)[^.!?]{0,10}(?:한참|혼자|멍하니|계속)\s*(?:서|앉아)\s*(?:있|봤)
        |옥상에?\s*(?:올라갔|올라왔)[^.!?]{0,8}(?:내려|그냥|다시)|이번\s*생은?\s*(?:여기까지|끝|틀렸|망했으니\s*끝)
        |태어나지\s*(?:말|않)았[어으]|(?:약|수면제|진통제)[을를]?\s*(?:조금씩|몰래|계속|매일)?\s*(?:모으|모아|모았)
        |(?:편지|유언|인사)[도를을]?\s*(?:다|전부|모두)\s*(?:써|썼|남겨|해)\s*(?:놨|놓|뒀|두|$|어)
        |(?:강아지|고양이|반려견|반려묘)[는를을도]?\s*[^.!?]{0,12}맡겼[^.!?]{0,12}(?:정리|마지막|끝)|통장도?\s*정리[^.!?]{0,4}[.!?]?\s*이제\s*끝
        |날짜[도를을]?\s*(?:다\s*)?정했[^.!?]{0,10}(?:아무도|못\s*말|막을)|(?:제가|내가)\s*없어도[^.!?]{0,16}(?:잊|괜찮|잘\s*살|행복)
        |(?:약|수면제|진통제)[을를]?\s*(?:한\s*움큼|한\s*줌|몇\s*십\s*알|있는\s*대로)|차고에?서?[^.!?]{0,6}시동
        |(?:여기|세상에)\s*(?:남아\s*)?있을\s*이유|(?:제|내)\s*장례식|(?:다\s*)?나눠\s*[줬주][^.!?]{0,10}(?:필요\s*없)
        |비행기가\s*(?:추락|떨어)[^.!?]{0,4}으면|(?:제가|내가)\s*없는\s*(?:게|편이|것이)|매듭[^.!?]{0,10}(?:찾아|검색)
        |(?:팔|손목|허벅지|다리|목)에\s*칼|칼[을를]\s*(?:댔|대고|대면)|치여도\s*(?:상관|좋|괜찮)|(?:소리|생각)[가이]?\s*영원히\s*멈
        |곧\s*다\s*끝나[^.!?]{0,4}[.!?]?\s*(?:그동안|고마|미안|잘\s*있)|(?:세상|인생|삶)에?서?[^.!?]{0,12}퇴장|그만\s*퇴장
    """,
}

_LIFE: Final = r"""
    (?:live|exist|be\s+alive|be\s+living|be\s+around|wake\s+up|be\s+on\s+this\s+(?:earth|planet)
        |be\s+in\s+this\s+world|keep\s+living|go\s+on)
"""
_NOT: Final = r"(?:do\s?n'?t|did\s?n'?t|no\s+longer|not|never)"
_MEDICINE: Final = r"(?:pills?|meds|medication|tablets|painkillers|tylenol|sleeping\s+pills)"
_FROM: Final = r"(?:bridge|roof|rooftop|building|balcony|cliff|overpass|ledge)"

ENGLISH: Final[Mapping[str, str]] = {
    "wish to die": r"""
        (?:want(?:ed|ing)?|wan+a|ready|going|gonna|about|planning|plan|need|deserve|trying|tried
            |like)\s+(?:to\s+)?(?:just\s+)?die(?!\s+(?:laughing|(?:of|from)\s+(?:laughter|boredom|heat|hunger|cringe|shame)
            |from\s+embarrassment))
        |(?:wish|wishing)\s+(?:that\s+)?i\s+(?:was|were|could\s+(?:just\s+)?be)\s+dead
        |(?:wish|hope|hoping|pray)\s+i\s+(?:could\s+|would\s+)?(?:just\s+)?die
        |i\s+should\s+(?:just\s+)?(?:die|be\s+dead)|(?:better\s+off|rather\s+be)\s+dead
        |(?:let|make)\s+me\s+die|dying\s+(?:would|sounds|seems)
        |thinking\s+(?:about|of)\s+(?:dying|death)|wan(?:t|na)\s+(?:to\s+)?be\s+dead
        |if\s+i\s+(?:died|were\s+dead|was\s+dead)|join\s+(?:him|her|them)\s+in\s+heaven
        |(?:easiest|painless|quickest|best|fastest|easy)\s+ways?\s+to\s+(?:die|go)\b|how\s+to\s+(?:die|kill\s+my)
        |(?:care|matter)\s+(?:if|whether)\s+i\s+(?:live|die)|(?:hope|wish)\s+(?:i\s+(?:get|got)|(?:a|the)\s+(?:car|bus|train|truck)\s+(?:would\s+)?)\s*(?:hit|run\s+over|killed)
        |(?:should\s?n\'?t|not\s+meant\s+to)\s+be\s+(?:alive|here\s+anymore)|crash(?:ing)?\s+my\s+car
        |(?:someone|somebody|please|god|life)\s+(?:please\s+|just\s+)*kill\s+me|should\s+(?:just\s+)?be\s+(?:gone|dead)\b
        |(?:live|living|make\s+it|alive|be\s+here)\s+(?:past|until|beyond)\s+(?:this|next|my|the\s+(?:end|weekend))|(?:see|picture|imagine)\s+myself\s+(?:living|alive)
        |thinking\s+(?:a\s+lot\s+|constantly\s+|too\s+much\s+)(?:about|of)\s+(?:death|dying)|(?:dark|intrusive)\s+thoughts\s+(?:about|of)\s+(?:not|dying|death|ending)
    """,
    "suicide": r"""
        (?<!career\s)(?<!social\s)(?<!political\s)suicid(?!e\s+squad)\w*|kill(?:ing|ed)?\s*my\s*self
        |\bkms\b|\bunaliv\w+
        |(?:end|ending|take|taking|ended)\s+(?:my\s+(?:own\s+)?life|it\s+all|everything)
        |(?:end|ending)\s+(?:it|things)(?=\s*(?:$|[.,!?]|tonight|now|soon|today|for\s+good|forever))
        |off(?:ing)?\s+myself(?=\s*(?:$|[.,!?]))|goodbye\s+(?:letter|note)s?(?!\s+from)|this\s+is\s+goodbye
        |(?:my|the)\s+(?:last|final)\s+goodbye|my\s+last\s+(?:message|night\s+alive)
        |(?:no|only)\s+way\s+out(?!\s+(?:of|is\s+through))|do\s+something\s+to\s+myself
        |(?:said|saying|say|write|writing)\s+(?:my\s+)?goodbyes?\s+to\s+(?:everyone|everybody|my\s+family|the\s+world|you\s+all)|said\s+my\s+goodbyes
        |goodbye\s+(?:everyone|everybody|world|cruel|forever)|nothing\s+left\s+for\s+me
    """,
    "self-harm": rf"""
        self[\s-]*harm\w*
        |(?:hurt|hurting|harm|harming|burn|burning)\s+myself(?!\s+(?:at|playing|falling|running|while
            |during|lifting|skiing|working|doing|on))
        |(?:want|wan+a|going|urge|thinking\s+(?:about|of)|started|keep|been)\s+(?:to\s+)?(?:cut
            |cutting)\s+myself
        |cut\s+myself\s+(?:again|on\s+purpose|to\s+feel|last\s+night|tonight)
        |(?:started|been|back\s+to|keep|relapsed\s+(?:and|into)|urge\s+to
            |want\s+to)\s+cut(?:ting)?(?=\s*(?:$|[.,!?]|again|my\s*self|my\s+(?:arm|wrist|leg|thigh
            |skin)))(?!\s+(?:again\s+)?(?:costs|back|down|hair|carbs|out))
        |(?:slit|cut|cutting|slash)\s+(?:my\s+)?wrists?|hang(?:ing)?\s+myself
        |(?:shoot|shooting)\s+myself(?!\s+in\s+the\s+foot)|(?:overdos\w*|\bod\b)(?!\s+on\s+(?:chocolate|sugar|caffeine|coffee|candy|carbs|food))
        |drown(?:ing)?\s+myself|gun\s+to\s+my\s+head
        |(?:jump|jumping|throw\s+myself|throwing\s+myself|step|stepping)\s+(?:off|from|in\s+front\s+of
            |into)\s+(?:a|an|the|my|that|this)?\s*(?:{_FROM}|train|bus|car|truck|traffic|tracks)
        |(?:sav|stockpil|hoard|collect)\w*\s+(?:up\s+)?(?:all\s+|some\s+)?(?:of\s+)?(?:my\s+
            |the\s+)?{_MEDICINE}
        |(?:take|took|taking|swallow\w*|down\w*)\s+(?:all|a\s+bunch|too\s+many|a\s+(?:whole\s+)?bottle
            |the\s+whole\s+bottle|a\s+handful|every)\s*(?:of\s+)?(?:my\s+|the\s+|those\s+
            |these\s+)?{_MEDICINE}
        |(?<!jump\s)(?:rope|noose|gun|razor|blade|knife)s?\s+(?:is\s+|are\s+)?(?:ready|loaded|in\s+my\s+hand)|\bnoose\b|relapsed\s+and\s+cut|new\s+cuts\s+on\s+my
        |(?:driv|steer|swerv|run)\w*\s+(?:my\s+car\s+)?(?:into\s+(?:a|the)\s+(?:tree|wall|river|truck|traffic)|off\s+(?:a|the)\s+(?:road|cliff|bridge))
        |(?:scratch|cut|burn|slash)\w*\s+(?:up\s+)?my\s+(?:arm|wrist|leg|thigh|skin)s?|(?:bought|got|have|holding|found)\s+(?:a|my|the)\s+(?:dad\'s\s+)?gun\b
        |(?:standing|sitting|stood|i\'m)\s+(?:here\s+)?(?:up\s+)?on\s+(?:the\s+edge\s+of\s+)?(?:a|the|my)\s+(?:roof|rooftop|ledge|bridge|edge)\b
        |(?:gonna|going\s+to|about\s+to|ready\s+to|want\s+to)\s+jump(?=\s*(?:$|[.,!?]))|took\s+(?:\d\d+|so\s+many|a\s+lot\s+of)\s+(?:ibuprofen|tylenol|paracetamol|xanax|pills|sleeping)
    """,
    "no wish to live": rf"""
        {_NOT}\s+(?:really\s+|even\s+|just\s+)*(?:want(?:ed)?\s+to
            |wan+a)\s+(?:even\s+)?{_LIFE}(?!\s+(?:tired|early|late|sick|at|in|with|alone|to|for|there))
        |{_NOT}\s+(?:really\s+|even\s+|just\s+)*(?:want(?:ed)?\s+to|wan+a)\s+be\s+here(?!\s+(?:at|in|for
            |with|today|right\s+now|tomorrow))
        |(?:ca\s?n'?t|cannot|can\s+not)\s+(?:go\s+on|keep\s+(?:going|living)|live\s+(?:like\s+this
            |anymore|any\s+more|any\s+longer)|bear\s+to\s+live)(?!\s+(?:vacation|holiday|trips?|dates?
            |tv))
        |(?:no|any|a|one|good|another|find(?:ing)?)\s+(?:reason|point|purpose)s?\s+(?:left\s+)?(?:to|in
            |of|for)\s+(?:live|living|be\s+here|being\s+here|be\s+alive|being\s+alive|exist|existing
            |going\s+on|go\s+on|keep\s+going|stay\s+alive|life)\b
        |nothing\s+(?:left\s+|else\s+)?(?:to\s+live\s+for|worth\s+living)
        |(?:not|isn'?t|hardly)\s+worth\s+(?:living|it\s+to\s+live)
        |(?:tired|sick|done|over|exhausted)\s+(?:of|with|from)\s+(?:living|being\s+alive|life
            |existing)\b
        |hate\s+(?:being\s+alive|living|my\s+existence)|{_NOT}\s+deserve\s+to\s+(?:live|be\s+alive)
        |(?:point|use)\s+(?:of|in)\s+(?:living|life|being\s+alive|existing|staying\s+alive)
        |(?:never|not|hadn'?t|wasn'?t)\s+(?:have\s+)?(?:been\s+)?born\b
        |(?:give|giving|gave|given)\s+up\s+on\s+(?:life|living)|stop\s+(?:living|existing|breathing)
        |wan+a\s+live\s+(?:no|any)\s*more|(?:will\s+not|wo\s?n\'?t|think\s+i\'?ll|going\s+to|gonna)\s+be\s+(?:around|here|alive)\s+(?:much\s+|for\s+much\s+|any\s*)?longer
        |i\s+want\s+out(?=\s*(?:$|[.,!?]|of\s+(?:this\s+)?life))|(?:do\s?n\'?t|can\'?t)\s+see\s+(?:a|any)\s+(?:future|reason)\s+(?:anymore|for\s+me|to\s+live)
    """,
    "burden to others": r"""
        better\s+(?:off\s+)?(?:if\s+i\s+(?:was|were|did)\s?n|without\s+me|with\s+me\s+(?:gone|dead))
        |(?:better|happier|easier)\s+(?:for\s+\w+\s+)?if\s+i\s+(?:was|were|wasn'?t|weren'?t|am|just|died
            |left\s+this|disappeared|did\s?n'?t\s+exist|never)
        |(?:no\s*one|nobody|anyone|anybody|who)\s+would\s+(?:even\s+)?(?:miss\s+me|notice\s+if\s+i
            |care\s+if\s+i)
    """,
    "wish to disappear": r"""
        (?:want\s+to|wan+a|wish\s+i\s+could|wish\s+i\s+would|if\s+i(?:\s+could)?|i\s+could|let\s+me|i'?d
            |like\s+to)\s+(?:just\s+|simply\s+)*(?:disappear|disappeared|vanish|vanished
            |cease\s+to\s+exist|not\s+exist|not\s+be\s+here|fade\s+away|not\s+be\s+alive)
        |(?:wish|hope|hoping|pray|want|wan+a|sleep|rather)\b[^.!?]{0,40}(?:never|not|don'?t|won'?t
            |without)\s+(?:have\s+to\s+)?(?:ever\s+)?wak(?:e|ing)\s+up(?!\s+(?:tired|early|late|sick|at
            |in|to|with))
        |sleep\s+forever|not\s+be\s+here\s+(?:anymore|any\s+more|tomorrow)
        |(?:wan+a|want\s+to|wish\s+i\s+(?:was|were))\s+(?:just\s+)?be\s+gone(?!\s+(?:from|by|before|for))|(?:wish|hope|pray)\s+i\s+(?:would|could|did)\s?n\'?t\s+wake\s+up
    """,
    "wish it to end": r"""
        (?:want|need|wish|ready\s+for|hope)\s+(?:for\s+)?(?:it|this|everything|the\s+pain|this\s+pain
            |my\s+life)\s+(?:all\s+|would\s+|to\s+|just\s+|all\s+to\s+)*(?:end|stop|be\s+over)(?=\s*(?:$
            |[.,!?]|already|now|so|forever|for\s+good|anymore))
        |(?:end|stop)\s+(?:the|my|all\s+this)\s+(?:pain|suffering)(?!\s+in\s+my)
        |(?:make|making)\s+it\s+all\s+stop
    """,
    "indirect": rf"""
        (?:gave|giving|given|give)\s+(?:away\s+)?my\s+(?:dog|cat|pets?|things|stuff|belongings)\s+(?:away|to\s+(?:my|a|the|his|her))(?!\s+vet)
        |letters?\s+to\s+(?:everyone|everybody|my\s+(?:family|kids|parents|children|loved\s+ones))
        |(?:kids|children|family|everyone|everybody|husband|wife|parents|they|friends|he|she)\s*(?:would|\'d|will|\'ll)\s+(?:all\s+)?be\s+(?:better|happier|fine|relieved|ok|okay)\s+(?:off\s+)?(?:with\s+a\s+(?:different|new)|without|once\s+i\'?m)
        |edge\s+of\s+(?:the|a)\s+(?:platform|roof|cliff|bridge|building|tracks)|how\s+(?:quick|easy|fast)\s+it\s+would\s+be
        |(?:sav|stockpil|hoard|collect)\w*\s+(?:up\s+)?(?:all\s+|some\s+)?(?:of\s+)?(?:my\s+|the\s+)?{_MEDICINE}
        |(?:easier|better|best)\s+for\s+(?:everyone|everybody|my\s+\w+|them|all)\s+(?:\w+\s+){{0,2}}if\s+i
        |(?:i\s+)?(?:just\s+)?(?:was|were)\s?n\'?t\s+(?:here|around|alive)\s+(?:anymore|any\s+more|any\s+longer)
        |(?:making|make|live|living)\s+(?:it\s+)?(?:to|until|till|past)\s+(?:my\s+)?next\s+birthday
        |not\s+(?:have|having)\s+to\s+wake\s+up(?!\s+(?:early|at|so))|reasons?\s+(?:left\s+)?(?:for\s+me\s+)?to\s+stay\s+alive
        |(?:started|began|been|back\s+to|keep)\s+cutting\s+(?:again|myself|at\s+night|more)|(?:least|less|not)\s+painful\s+way|painless(?:ly)?\s+way
        |tonight\s+is\s+the\s+(?:last\s+)?night|(?:my|the)\s+last\s+night(?!\s+(?:in|at|of\s+(?:the|my|our)))(?=\s*(?:$|[.,!?]|on\s+earth))
        |how\s+many\s+(?:pills|tablets|painkillers)|(?:when|once|after)\s+i\s?(?:\'m|am)\s+(?:dead|gone)(?!\s+(?:on|for|from|to|home))
        |(?:do|take)\s+this\s+life|(?:life|living)\s+(?:thing\s+)?(?:anymore|any\s+more)|i\s+want\s+out(?=\s*(?:$|[.,!?]))
        |drove\s+to\s+the\s+bridge\s+(?:again|alone|last\s+night|tonight)
        |(?:talk|talking)\s+me\s+out\s+of\s+it|picked\s+(?:the|a)\s+date\s+and\s+nobody|get\s+over\s+(?:it|me)\s[^.!?]{{0,30}}once\s+i
        |(?:took|taken|swallowed)\s+(?:a\s+(?:handful|bunch|lot)|all|the\s+rest)\s+of\s+(?:\w+\'?s?\s+){{0,2}}(?:sleeping\s+)?{_MEDICINE}
        |garage\s+with\s+the\s+(?:engine|car|motor)\s+(?:running|on)
        |(?:nothing|isn\'t\s+a\s+(?:single\s+)?thing|not\s+(?:one|a)\s+(?:single\s+)?thing)\s+(?:is\s+|left\s+)?(?:keep(?:s|ing)|hold(?:s|ing))\s+me\s+here
        |my\s+own\s+(?:funeral|death|grave)|gave\s+away\s+my[^.!?]{{0,50}}wo\s?n\'?t\s+(?:need|be\s+needing)
        |(?:hope|wish)\s+(?:the|my|our)\s+(?:plane|car|bus|train)\s+(?:goes\s+down|went\s+down|crash\w*)
        |fav(?:o|ou)r\s+by\s+(?:not\s+being|leaving|dying)|not\s+being\s+(?:around|here|alive)\s*(?:anymore)?(?=\s*(?:$|[.,!?]))
        |(?:noose|knots?)\s+(?:online|on\s+the\s+internet)|(?:blade|razor|knife|glass)\s+(?:to|into|against|across)\s+my\s+(?:arm|wrist|leg|thigh|skin|throat)
        |do\s?n\'?t\s+(?:even\s+)?look\s+(?:anymore|when\s+i\s+cross|before\s+crossing)[^.!?]{{0,30}}do\s?n\'?t\s+care
        |(?:noise|voices?|thoughts|everything)\s+to\s+(?:just\s+)?stop\s+forever|life\s+is\s?n\'?t\s+for\s+me
        |it\s+will\s+all\s+be\s+over\s+soon[^.!?]{{0,6}}(?:thank|sorry|forgive|take\s+care)
    """,
}
