//! Words that say nothing about a ticket's subject.

use std::collections::HashSet;
use std::sync::LazyLock;

const ENGLISH: &str = "a about above after again against all almost already also although always am an and another any \
anybody anymore anyone anything anyway are aren't around as asked at away back be became because been before being \
below between both but by came can can't cannot come could couldn't did didn't do does doesn't doing don't done down \
due during each either else even ever every everyone everything few for from further get gets getting give given go \
goes going gone got had hadn't has hasn't have haven't having he hello her here hers herself hey hi him himself his how \
however i i'd i'll i'm i've if in instead into is isn't it it's its itself just keep know last least let like look \
made make many may maybe me might mine more most much must my myself need needs never next no nobody nor not nothing \
now of off often on once one only onto or other otherwise our ours out over own per perhaps please quite rather really \
regards said same say see seem seems shall she should shouldn't since so some somebody someone something sometimes \
soon still such sure take team than thank thanks that that's the their theirs them themselves then there there's these \
they they're thing things think this those though through thus till to today together told too took toward tried try \
trying two under until up upon us use used using usually very via want wanted wants was wasn't way we we're we've well \
went were weren't what what's whatever when whenever where whether which while who whole whom whose why will with \
within without won't would wouldn't yes yesterday yet you you're you've your yours yourself dear kind best sincerely \
greetings cheers appreciate assistance anyone etc ok okay im ive dont cant doesnt didnt wont isnt";

const GERMAN: &str = "aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus bei beim \
bereits besten bin bis bisher bitte bräuchte da dabei dadurch dafür dagegen daher damit danach dank danke dann daran darauf \
daraus darf darin darüber das dass davon davor dazu dein deine dem den denn der deren des deshalb dessen dich die dies \
diese diesem diesen dieser dieses dir doch dort du durch eben ein eine einem einen einer eines einfach einige einmal er \
erst es etwa etwas euch euer eure für ganz gar gegen gehen geht gerne gestern gibt gleich grüße grüßen gruß guten habe haben \
hallo hat hatte hatten heute hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede \
jedem jeden jeder jedes jedoch jemand jetzt kann kannst kein keine keinem keinen keiner können könnte könnten liebe \
lieber machen mal man manche mehr mehrere mein meine meinem meinen meiner mich mir mit möchte morgen muss müssen nach \
nachdem natürlich neben nein nicht nichts nie noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seit \
selbst sich sie sind so sobald sollte sollten sondern sonst sowie tag tun über um und uns unser unsere unserem unseren \
unserer unter viel viele vielen vom von vor wann war waren warum was weil weiter weitere welche welchem welchen welcher \
welches wenn wer werde werden wie wieder will wir wird wo wollen worden wurde wurden zu zum zur zwar zwischen freundlichen \
freundliche herr frau damen herren geehrte geehrter zeit leider";

/// Function words of other languages, so that their tickets do not fill the keywords with articles.
const OTHERS: &str = "al algo aos après assim au aucun avec aux avez avoir bij bonjour buenas buenos cada ce cela ces cette chez \
che ci co como con così cuando da dans das de degli dei del della delle di do door dos du een el elle elles ella em en \
entre era es esta está estas este esto estou et etait être eu fait foi gli gracias ha han hay het hola il ils io isto \
já jak je jest jeu jsem la las le les leur lo los lui mais mas me mes mi mijn moi mon muy na não nao ne nel nem niet \
nie no non nos notre nous nu num o ola olá on op os ou où para parce pas pela pelo per pero peut plus por porque pour pourquoi \
presque però può quand que qué quel quelle quello questa questo qui quiero sans se sem ser seu si sin sobre som son sono \
sont su sua suis sul sur tem tengo ten te tout très tu um uma un una unas une uno unos van voor votre vous wat wel ya yo za \
zijn ze merci grazie obrigado ciao salut svp vi var och att det som för har inte ett är med ik dat aan ook maar";

static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| [ENGLISH, GERMAN, OTHERS].into_iter().flat_map(str::split_whitespace).collect());

/// Whether a word in lower case says nothing by itself.
pub(crate) fn is_stop_word(word: &str) -> bool {
    word.len() <= 14 && WORDS.contains(word)
}
