import DefaultTheme from 'vitepress/theme';
import { defineAsyncComponent } from 'vue';
import './pictures.css';
import SchedulePlayground from './SchedulePlayground.vue';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('SchedulePlayground', SchedulePlayground);
    // They bring 150 kB of predictions, which other pages do not load.
    app.component(
      'MemberOpinions',
      defineAsyncComponent(() => import('./MemberOpinions.vue')),
    );
    app.component(
      'Abstention',
      defineAsyncComponent(() => import('./Abstention.vue')),
    );
    app.component(
      'Temperature',
      defineAsyncComponent(() => import('./Temperature.vue')),
    );
  },
};
